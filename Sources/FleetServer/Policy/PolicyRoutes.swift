import FleetModel
import FleetState
import Foundation
import HTTPTypes
import Hummingbird
import Placement
import Remediation

/// What operators want of the fleet: policy, holds, reserves, and where a new VM would fit.
struct PolicyRoutes {
    /// The longest file of a policy.
    private static let longest = 8 << 20
    /// How long sets of failures are tried for one question.
    private static let patience = Duration.seconds(10)
    /// Lines of where VMs would start that one answer has at most.
    private static let mostWitnessed = 100_000
    /// The most memory that a VM which is asked about may have.
    private static let mostMemory: Int64 = 1 << 50

    let controller: FleetController
    let reader: FleetReader
    let state: FleetStateStore

    func add(to router: Router<FleetRequestContext>) {
        let group = router.group("/fleet/v1")
        addPolicy(to: group)
        addHolds(to: group)
        group.get("reserve") { request, context in
            _ = try context.requireOperator()
            return try FleetJSON.response(try await reserves(request))
        }
        group.get("place") { request, context in
            _ = try context.requireOperator()
            return try FleetJSON.response(try await places(request))
        }
    }

    private func addPolicy(to group: RouterGroup<FleetRequestContext>) {
        group.get("policy") { _, context in
            _ = try context.requireOperator()
            return try FleetJSON.response(await view())
        }
        group.get("policy/versions") { _, context in
            _ = try context.requireOperator()
            return try FleetJSON.response(try await state.policyVersions(limit: FleetReader.historyLimit))
        }
        group.get("policy/file") { _, context in
            _ = try context.requireOperator()
            let view = await view()
            let text = PolicyFile.text(of: view.policy) { view.names[$0.text] }
            return Response(
                status: .ok, headers: [.contentType: "application/yaml"], body: .init(byteBuffer: .init(string: text)))
        }
        group.put("policy/file") { request, context in
            _ = try context.requireOperator()
            let body = try await request.body.collect(upTo: Self.longest)
            let policy = try await policy(in: String(buffer: body))
            let version = request.uri.queryParameters["version"].flatMap { Int64($0) }
            return try await controller.decide(.changePolicy(.replace(policy), version: version), context) { _ in
                Empty()
            }
        }
        group.post("policy") { request, context in
            _ = try context.requireOperator()
            let order = try await request.decoded(as: PolicyOrder.self, upTo: Self.longest)
            return try await controller.decide(.changePolicy(order.change, version: order.version), context) { _ in
                Empty()
            }
        }
    }

    private func addHolds(to group: RouterGroup<FleetRequestContext>) {
        group.get("holds") { _, context in
            _ = try context.requireOperator()
            return try FleetJSON.response(controller.view.withLock { $0.holds })
        }
        group.post("holds") { request, context in
            _ = try context.requireOperator()
            let order = try await request.decoded(as: HoldOrder.self)
            let kind = ControlRequest.Kind.hold(order.scope, reason: order.reason, cancelling: order.cancel ?? false)
            return try await controller.decide(kind, context) { done in
                HoldAnswer(
                    tip: done.tip, holds: controller.view.withLock { $0.holds },
                    cancelled: done.unstored == nil && (order.cancel == true || !done.cancelled.isEmpty)
                        ? done.cancelled : nil,
                    unstored: done.unstored)
            }
        }
        group.delete("holds/:scope") { _, context in
            let text = (context.parameters.get("scope") ?? "").removingPercentEncoding ?? ""
            guard let scope = HoldScope(text) else {
                throw APIError(.badRequest, "'\(text)' is none of fleet, cluster:NAME, host:NAME, pack:NAME")
            }
            return try await controller.decide(.release(scope), context) { _ in
                HoldAnswer(tip: nil, holds: controller.view.withLock { $0.holds })
            }
        }
    }

    private func view() async -> PolicyView {
        await controller.look { loop, time in
            var names: [String: String] = [:]
            for record in loop.hostRecords {
                for status in record.report.virtualMachines {
                    names[status.definition.id.text] = status.definition.name.text
                }
            }
            let policy = loop.policy
            let levels = policy.automation.compactMap { if case .machine(let id) = $0.scope { id } else { nil } }
            let machines = Set(policy.constraints.flatMap(\.machines)).union(policy.machines.keys).union(levels)
            let spoken = Set(machines.map(\.text))
            return PolicyView(
                policy: policy, warnings: loop.policyWarnings, holds: loop.openHolds,
                names: names.filter { spoken.contains($0.key) }, limits: loop.limitsInForce,
                currentWindows: loop.currentWindows(at: time))
        }
    }

    private func policy(in yaml: String) async throws -> FleetPolicy {
        do {
            return try PolicyFile.policy(in: yaml, file: "policy") { text in
                do {
                    return .success(try reader.machine(named: text))
                } catch {
                    return .failure(PolicyProblem((error as? APIError)?.reason ?? "\(error)"))
                }
            }
        } catch {
            throw APIError(.badRequest, "\(error)")
        }
    }

    private func reserves(_ request: Request) async throws -> [ReserveView] {
        let wanted = request.uri.queryParameters["cluster"].map(String.init)
        let failures = try number(request, "failures", in: 1...10)
        let most = request.uri.queryParameters["witness"] == "true" ? Self.mostWitnessed : 0
        let lost = try await RequestParameters(request).all("lose")
        if !lost.isEmpty { return [try await reserve(losing: lost, in: wanted)] }
        let end = ContinuousClock.now + Self.patience
        let views = await controller.look { loop, time in
            Set(loop.hostRecords.map(\.report.cluster)).sorted()
                .filter { wanted == nil || $0.text == wanted }
                .map { cluster in
                    let report = loop.reserve(
                        of: cluster, failures: failures, at: time, witnessing: most, looks: .max,
                        shouldStop: { ContinuousClock.now > end })
                    return ReserveView(
                        report, of: cluster, wanted: loop.policy.reserve(of: cluster), isWitnessed: most > 0)
                }
        }
        if views.isEmpty { throw Self.nobody(in: wanted) }
        return views
    }

    /// Whether the cluster of these hosts can lose just them.
    private func reserve(losing lost: [String], in wanted: String?) async throws -> ReserveView {
        let view = await controller.look { loop, time -> ReserveView? in
            let records = loop.hostRecords.filter { lost.contains($0.report.host.text) }
            guard records.count == Set(lost).count, let cluster = records.first?.report.cluster,
                wanted == nil || cluster.text == wanted,
                let report = loop.reserve(of: cluster, losing: records.map(\.report.host), at: time)
            else { return nil }
            return ReserveView(report, of: cluster, wanted: loop.policy.reserve(of: cluster), isWitnessed: true)
        }
        let known = controller.view.withLock { Set($0.hosts.map(\.report.host.text)) }
        if let stranger = lost.first(where: { !known.contains($0) }) {
            throw APIError(.notFound, "lose: there is no host '\(stranger)'")
        }
        guard let view else {
            throw APIError(
                .notFound,
                "lose: \(lost.joined(separator: ", ")) are not hosts of \(wanted.map { "cluster '\($0)'" } ?? "one cluster")"
            )
        }
        return view
    }

    private func places(_ request: Request) async throws -> [PlaceView] {
        guard let processors = try number(request, "vcpus", in: 1...4096) else {
            throw APIError(.badRequest, "vcpus: say how many virtual processors the VM has")
        }
        guard let text = request.uri.queryParameters["memory"], let bytes = Int64(text),
            (1...Self.mostMemory).contains(bytes)
        else {
            throw APIError(
                .badRequest,
                "memory: say how much the VM has, in bytes, from 1 to \(Self.mostMemory) (\(Bytes(Self.mostMemory)))")
        }
        let wanted = request.uri.queryParameters["cluster"].map(String.init)
        var machine = NewMachine(virtualProcessors: processors, memory: Bytes(bytes))
        let parameters = try await RequestParameters(request)
        machine.companions = try parameters.all("with").map { try reader.machine(named: $0) }
        machine.rivals = try parameters.all("apart").map { try reader.machine(named: $0) }
        machine.traits.networks = Set(parameters.all("network"))
        machine.traits.datastores = Set(parameters.all("datastore"))
        machine.traits.processorModel = parameters["cpu_model"]
        let wish = machine
        let views = await controller.look { loop, time in
            Set(loop.hostRecords.map(\.report.cluster)).filter { wanted == nil || $0.text == wanted }
                .flatMap { cluster in
                    loop.rate(wish, in: cluster, at: time).map {
                        PlaceView(host: $0.host.text, cluster: cluster.text, stars: $0.stars, reasons: $0.reasons)
                    }
                }
        }
        if views.isEmpty { throw Self.nobody(in: wanted) }
        return views.sorted { ($1.stars, $0.host) < ($0.stars, $1.host) }
    }

    private static func nobody(in wanted: String?) -> APIError {
        APIError(.notFound, wanted.map { "no host reports from cluster '\($0)'" } ?? "no host reports yet")
    }

    private func number(_ request: Request, _ name: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let text = request.uri.queryParameters[Substring(name)] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw APIError(
                .badRequest, "\(name): '\(text)' is no whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}

extension ReserveView {
    fileprivate init(_ report: ReserveReport, of cluster: ClusterName, wanted: Int, isWitnessed: Bool) {
        self.init(
            cluster: cluster.text, failures: report.failures, wanted: wanted, holds: report.holds,
            undecided: report.isUndecided ? true : nil, reason: report.reason, uncovered: report.uncovered,
            isOverCommittedBySlots: report.isOverCommittedBySlots,
            proved: report.proved, witness: isWitnessed ? report.witnesses : nil,
            isWitnessCut: isWitnessed ? report.isCut : nil)
    }
}
