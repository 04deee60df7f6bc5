import FleetModel
import FleetState
import Foundation
import Hummingbird
import PromQL
import Remediation
import RulePacks
import TimeSeriesStore

/// Plays what the server has recorded through a pack that an operator sends.
struct BacktestRoute {
    /// The most that a pack may come to, in bytes.
    private static let longestPack = 4 << 20
    /// The most other values of parameters that are played.
    private static let mostVariants = 8

    let controller: FleetController
    let state: FleetStateStore
    /// The series; `nil` where another server keeps them.
    let series: TimeSeriesStore?
    let jobs: StoreJobs
    let clock: any Clock

    func add(to router: Router<FleetRequestContext>) {
        router.post("/fleet/v1/packs/backtest") { request, context in
            let actor = try context.requireOperator().name
            let order = try await request.decoded(as: BacktestOrder.self, upTo: 2 * Self.longestPack)
            return try FleetJSON.response(try await start(order, actor), status: .accepted)
        }
    }

    private func start(_ order: BacktestOrder, _ actor: String) async throws -> StoreJobView {
        guard let series else {
            throw APIError(.conflict, "another server keeps the series (engine: remote): backtest where they are")
        }
        guard order.stepSeconds.isFinite, (1...86_400).contains(order.stepSeconds) else {
            throw APIError(.badRequest, "a step of \(order.stepSeconds) s is not 1 s to 1 d")
        }
        guard order.variants.count <= Self.mostVariants else {
            throw APIError(.badRequest, "variants: more than \(Self.mostVariants)")
        }
        let pack = try Self.pack(of: order)
        let end = min(order.end ?? clock.now, clock.now)
        let set = try await state.parameters().filter { $0.pack == pack.name }
        let clusters = Set(controller.view.withLock { $0.hosts.map(\.report.cluster) }).sorted()
        let policy = controller.view.withLock { $0.policy }
        let limits = await controller.look { loop, _ in loop.settings.planner }
        let variants = [(name: "", settings: set)] + (try order.variants.map { try Self.variant($0, of: pack, set) })
        return try jobs.start(.backtest, by: actor) { report in
            var views: [BacktestView] = []
            for (place, variant) in variants.enumerated() {
                let plan = Backtest.Plan(
                    pack: pack, first: order.start, last: end, step: .seconds(order.stepSeconds), clusters: clusters,
                    settings: variant.settings)
                let found = try await Backtest.run(plan, over: series) { share in
                    let done = (Double(place) + share) / Double(variants.count)
                    var progress = MaintenanceProgress()
                    (progress.files, progress.filesDone) = (100, Int(done * 100))
                    return report(progress)
                }
                var view = BacktestView(found, variant: variant.name, end: end)
                // Planned on what the series say of the fleet then, under what operators want now.
                let replay = try await PlanReplay.run(
                    found.tips, over: EmbeddedEngine(source: series), until: end, limits: limits, policy: policy)
                view.plans = BacktestView.Plans(replay)
                views.append(view)
            }
            return { [views] job in job.backtests = views }
        }
    }

    /// The pack, read as it would be from its folder; refused with everything that is wrong with it.
    private static func pack(of order: BacktestOrder) throws -> RulePack {
        let isName = order.name.wholeMatch(of: /[A-Za-z0-9_][A-Za-z0-9._-]{0,100}/) != nil
        guard isName, order.files.values.reduce(0, { $0 + $1.utf8.count }) <= longestPack else {
            throw APIError(.badRequest, "that is no pack of at most \(longestPack >> 20) MiB with a plain name")
        }
        let parent = FileManager.default.temporaryDirectory.appending(path: "evenkeel-\(UUID().uuidString)")
        let folder = parent.appending(path: order.name)
        defer { try? FileManager.default.removeItem(at: parent) }
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        for (name, text) in order.files {
            guard name.wholeMatch(of: /[A-Za-z0-9_][A-Za-z0-9._-]{0,200}\.ya?ml/) != nil else {
                throw APIError(.badRequest, "files: '\(name)' is not the name of a YAML file")
            }
            try Data(text.utf8).write(to: folder.appending(path: name), options: .withoutOverwriting)
        }
        do throws(RulePackError) {
            return try RulePack.load(folder: folder.path)
        } catch {
            throw APIError(.badRequest, error.description)
        }
    }

    /// Settings with one of them changed in all clusters.
    private static func variant(
        _ text: String, of pack: RulePack, _ set: [ParameterSetting]
    ) throws -> (name: String, settings: [ParameterSetting]) {
        guard let equals = text.firstIndex(of: "=") else { throw APIError(.badRequest, "'\(text)' is not NAME=VALUE") }
        let (name, written) = (String(text[..<equals]), String(text[text.index(after: equals)...]))
        guard let parameter = pack.parameters.first(where: { $0.name == name }) else {
            let near = Spelling.nearest(to: name, among: pack.parameters.map(\.name))
            throw APIError(
                .badRequest, "\(pack.name) has no parameter '\(name)'\(near.map { "; did you mean '\($0)'?" } ?? "")")
        }
        guard let value = parameter.kind.amount(written) else {
            throw APIError(.badRequest, "\(name): '\(written)' is not \(parameter.kind.example)")
        }
        if let objection = parameter.objection(to: value) { throw APIError(.badRequest, objection) }
        let others = set.filter { $0.name != name }
        return (text, others + [ParameterSetting(pack: pack.name, name: name, cluster: nil, value: value)])
    }
}
