import FleetModel
import FleetState
import HTTPTypes
import Remediation
import TimeSeriesStore

/// Answers the reading half of the fleet's API from the control loop's view, the state store and the time series.
struct FleetReader: Sendable {
    /// The most ended tips and operations that a listing gives.
    static let historyLimit = 200

    let version: String
    let controller: FleetController
    let state: FleetStateStore
    let engine: any QueryEngine
    let settings: ControlSettings
    let readingWindow: Duration
    /// Asked for what is not well with the series.
    let condition: @Sendable () -> StoreCondition
    let clock: any Clock

    private var view: FleetView { controller.view.withLock { $0 } }

    func status() -> StatusView {
        let view = view
        let (reporting, silent) = partition(view.hosts)
        let unmeasured = unmeasured(reporting, view.readings)
        let running = Set(
            reporting.flatMap(\.report.virtualMachines).filter(\.state.ownsGuest).map(\.definition.id))
        return StatusView(
            version: version, problem: view.problem ?? view.seriesProblem, storeProblems: condition().lines,
            hosts: reporting.count,
            silentHosts: silent.map(\.report.host.text).sorted(), virtualMachines: running.count,
            crashedVirtualMachines: reporting.flatMap(\.report.virtualMachines).filter { $0.state == .crashed }
                .map(\.definition.name.text).sorted(),
            openTips: Dictionary(grouping: view.tips, by: \.level.rawValue).mapValues(\.count),
            awaitingApproval: view.tips.filter { $0.state == .awaitingApproval }.map(\.number),
            awaitingPolicy: view.tips.filter {
                $0.state == .awaitingApproval && $0.waitsFor?.hasPrefix("policy: ") == true
            }
            .map(\.number),
            runningOperations: view.operations.map(\.number), automation: view.automation, holds: view.holds,
            ruleFailures: view.ruleFailures, lastRound: view.readings?.time, drains: drains(view),
            unmeasuredHosts: unmeasured,
            clockProblem: view.setBackText ?? (unmeasured?.isEmpty == false ? view.wentAheadText : nil),
            doubledVirtualMachines: doubled(view).lines)
    }

    /// Hosts of which nothing fresh is known; all of them where rounds do not measure any more.
    private func unmeasured(_ hosts: [HostRecord], _ readings: LoadReadings?) -> [String]? {
        guard let readings else { return nil }
        let age = clock.now - readings.time
        let isFresh = max(age, .zero - age) <= settings.readingsAgeLimit
        let known = isFresh ? readings.hostProcessorUse : [:]
        return hosts.map(\.report.host).filter { known[$0] == nil }.map(\.text).sorted()
    }

    /// How far the emptying of each host in maintenance is.
    private func drains(_ view: FleetView) -> [DrainView] {
        view.holds.compactMap { hold in
            guard case .host(let host) = hold.scope else { return nil }
            let report = view.hosts.first { $0.report.host == host }?.report
            let tip = view.drainTip(of: host)
            return DrainView(
                host: host.text, machines: report?.virtualMachines.count(where: \.state.ownsGuest) ?? 0,
                tip: tip?.number, state: tip?.state, note: tip?.history.last?.note)
        }
    }

    func hosts() async throws -> [HostView] {
        let view = view
        let processors = try await processorModes()
        return view.hosts.sorted { $0.report.host < $1.report.host }.map { record in
            let report = record.report
            return HostView(
                name: report.host.text, cluster: report.cluster.text, available: isReporting(record),
                lastReport: record.received, agentVersion: report.agentVersion, accelerator: report.accelerator,
                logicalProcessors: report.logicalProcessors,
                processorUse: view.readings?.hostProcessorUse[report.host],
                processors: processors[report.host.text] ?? [], memory: report.memory,
                memoryAvailable: report.memoryAvailable, migrationAddress: report.migrationAddress,
                virtualMachines: report.virtualMachines.count(where: \.state.ownsGuest),
                clockSkewMilliseconds: report.clockSkewMilliseconds,
                maintenance: view.holds.first { $0.scope == .host(report.host) },
                drainTip: view.drainTip(of: report.host)?.number, bridges: report.capabilities?.bridges,
                localSpace: report.capabilities?.localSpace,
                diskBandwidth: report.capabilities?.diskBandwidth,
                sharedFileSystems: report.capabilities?.sharedFileSystems)
        }
    }

    func virtualMachines() -> [VirtualMachineView] {
        let view = view
        let doubled = doubled(view)
        let rows = view.hosts.flatMap { record in
            record.report.virtualMachines.map { status in
                VirtualMachineView(
                    id: status.definition.id.text, name: status.definition.name.text, host: record.report.host.text,
                    cluster: record.report.cluster.text, state: isReporting(record) ? status.state : .unknown,
                    accelerator: status.accelerator, virtualProcessors: status.definition.virtualProcessors,
                    memory: status.definition.memory, residentMemory: status.residentMemory,
                    processorUse: view.readings?.virtualMachineUse[status.definition.id],
                    problem: status.problem
                        ?? doubled.problem(of: status.definition.id, on: record.report.host),
                    manager: status.manager ?? "evenkeel", readOnly: status.readOnly)
            }
        }
        return rows.sorted { ($0.name, $0.id, $0.host) < ($1.name, $1.id, $1.host) }
    }

    private func doubled(_ view: FleetView) -> DoubledMachines {
        DoubledMachines(view.hosts, moving: Set(view.operations.compactMap(\.action.virtualMachine))) {
            isReporting($0)
        }
    }

    /// The VM of that UUID or name; refused when two bear the name.
    func machine(named text: String) throws -> VirtualMachineID {
        if let id = VirtualMachineID(text) { return id }
        let found = Set(
            view.hosts.flatMap(\.report.virtualMachines).filter { $0.definition.name.text == text }
                .map(\.definition.id))
        guard let id = found.first else { throw APIError(.notFound, "there is no VM '\(text)'; see 'evenkeel vm ls'") }
        guard found.count == 1 else {
            throw APIError(.conflict, "\(found.count) VMs are called '\(text)'; say which by its UUID")
        }
        return id
    }

    func tips(all: Bool) async throws -> [TipView] {
        let open = view.tips.sorted { $0.number > $1.number }
        let ended = all ? try await state.history(limit: Self.historyLimit).tips : []
        return (open + ended.filter { tip in !open.contains { $0.number == tip.number } }).map(TipView.init)
    }

    /// The same as rows of a listing.
    func tipRows(all: Bool) async throws -> [TipRow] {
        let open = view.tips.sorted { $0.number > $1.number }
        let ended = all ? try await state.history(limit: Self.historyLimit).tips : []
        let numbers = Set(open.map(\.number))
        return (open + ended.filter { !numbers.contains($0.number) }).map(TipRow.init)
    }

    func tip(_ number: Int64) async throws -> TipView {
        if let open = view.tips.first(where: { $0.number == number }) { return TipView(open) }
        guard let tip = try await state.tip(number) else {
            throw APIError(.notFound, "there is no tip \(number); see 'evenkeel tip ls --all'")
        }
        return TipView(tip)
    }

    func operations() async throws -> [OperationView] {
        let open = view.operations.sorted { $0.number > $1.number }
        let ended = try await state.history(limit: Self.historyLimit).operations
        return (open + ended.filter { one in !open.contains { $0.number == one.number } }).map(OperationView.init)
    }

    func operation(_ number: Int64) async throws -> OperationView {
        if let open = view.operations.first(where: { $0.number == number }) { return OperationView(open) }
        guard let operation = try await state.operation(number) else {
            throw APIError(.notFound, "there is no operation \(number); see 'evenkeel operation ls'")
        }
        return OperationView(operation)
    }

    private func isReporting(_ record: HostRecord) -> Bool {
        clock.now - record.received <= settings.reportAgeLimit
    }

    private func partition(_ hosts: [HostRecord]) -> (reporting: [HostRecord], silent: [HostRecord]) {
        (hosts.filter(isReporting), hosts.filter { !isReporting($0) })
    }

    /// Each host's LPs with their modes over the reading window, LPs in the order of their numbers.
    private func processorModes() async throws -> [String: [LogicalProcessorView]] {
        let expression = "rate(evenkeel_lp_run_seconds_total[\(readingWindow.milliseconds)ms])"
        guard case .vector(let samples) = try await engine.instant(expression, at: clock.now).value else { return [:] }
        var modes: [String: [String: [String: Double]]] = [:]
        for sample in samples {
            guard let host = sample.labels["host"], let lp = sample.labels["lp"], let mode = sample.labels["mode"]
            else { continue }
            modes[host, default: [:]][lp, default: [:]][mode] = sample.value
        }
        return modes.mapValues { processors in
            processors.map { LogicalProcessorView(lp: $0.key, modes: $0.value) }
                .sorted { (Int($0.lp) ?? 0, $0.lp) < (Int($1.lp) ?? 0, $1.lp) }
        }
    }
}
