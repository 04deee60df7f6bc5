import FleetModel
import Placement
import RulePacks

/// The fleet at a moment of the past, read from its series alone: what a plan made then would have rested on. What has no
/// series (rules that hold today, why a VM could not move) is not in it.
public struct HistoryFleet: Sendable {
    /// The fleet as the planner sees it.
    public let snapshot: FleetSnapshot
    /// How loaded it was.
    public let readings: LoadReadings

    /// Reads the fleet at `time`. A host without its number of logical processors or its memory at that moment takes no
    /// part. Throws what `engine` throws.
    public init(
        at time: Timestamp, from engine: any QueryEngine, queries: LoadQueries = LoadQueries(),
        policy: FleetPolicy = FleetPolicy()
    ) async throws {
        let readings = try await queries.readings(from: engine, at: time)
        let processors = try await Self.hosts("evenkeel_host_logical_processors", engine, time)
        let memory = try await Self.hosts("evenkeel_host_memory_bytes", engine, time)
        let available = try await Self.hosts("evenkeel_host_memory_available_bytes", engine, time)
        let sizes = try await Self.machines("evenkeel_vm_memory_bytes", engine, time)
        let resident = try await Self.machines("evenkeel_vm_memory_resident_bytes", engine, time)
        let virtual = try await Self.machines("evenkeel_vm_virtual_processors", engine, time)
        var machines: [HostName: [PlacementVM]] = [:]
        for (place, size) in sizes {
            machines[place.host, default: []].append(
                PlacementVM(
                    id: place.machine, name: size.name, memory: Self.bytes(size.value) ?? .zero,
                    residentMemory: resident[place].flatMap { Self.bytes($0.value) },
                    processorUse: readings.virtualMachineUse[place.machine],
                    processorWait: readings.virtualMachineWait[place.machine],
                    virtualProcessors: virtual[place].flatMap { Int(exactly: $0.value.rounded()) },
                    // Series do not say what ran a VM's code; within a cluster it is taken to be the same.
                    accelerator: .kvm))
        }
        let hosts = processors.compactMap { host, entry -> PlacementHost? in
            guard let count = Int(exactly: entry.value.rounded()), let whole = memory[host],
                let room = Self.bytes(whole.value), let cluster = entry.cluster
            else { return nil }
            return PlacementHost(
                name: host, cluster: cluster, logicalProcessors: count, memory: room,
                memoryAvailable: available[host].flatMap { Self.bytes($0.value) },
                processorUse: readings.hostProcessorUse[host], accelerator: .kvm,
                virtualMachines: machines[host] ?? [])
        }
        self.readings = readings
        snapshot = FleetSnapshot(version: 0, time: time, hosts: hosts).heeding(policy, held: [:])
    }

    /// What the planner would have done about a tip then; the reason where it would have done nothing.
    public func plan(_ tip: Tip, limits: PlannerLimits) -> PlanOutcome {
        switch Remedy(for: tip) {
        case .advice(let reason): .impossible(reason: reason, rejected: [])
        case .plugIn(let call): .impossible(reason: "an action of the pack's own: \(call.text)", rejected: [])
        case .request(let request): Planner(limits: limits).plan(request, on: snapshot)
        }
    }

    // MARK: Series

    private struct Place: Hashable {
        let machine: VirtualMachineID
        let host: HostName
    }

    private static func hosts(
        _ metric: String, _ engine: any QueryEngine, _ time: Timestamp
    ) async throws -> [HostName: (value: Double, cluster: ClusterName?)] {
        var values: [HostName: (value: Double, cluster: ClusterName?)] = [:]
        for sample in try await vector(metric, engine, time) {
            guard let host = sample.labels["host"].flatMap(HostName.init) else { continue }
            values[host] = (sample.value, sample.labels["cluster"].flatMap(ClusterName.init))
        }
        return values
    }

    private static func machines(
        _ metric: String, _ engine: any QueryEngine, _ time: Timestamp
    ) async throws -> [Place: (value: Double, name: String)] {
        var values: [Place: (value: Double, name: String)] = [:]
        for sample in try await vector(metric, engine, time) {
            guard let id = sample.labels["vm"].flatMap(VirtualMachineID.init),
                let host = sample.labels["host"].flatMap(HostName.init)
            else { continue }
            values[Place(machine: id, host: host)] = (sample.value, sample.labels["name"] ?? id.text)
        }
        return values
    }

    private static func vector(
        _ metric: String, _ engine: any QueryEngine, _ time: Timestamp
    ) async throws -> [InstantSample] {
        guard case .vector(let samples) = try await engine.instant(metric, at: time).value else { return [] }
        return samples
    }

    private static func bytes(_ value: Double) -> Bytes? {
        guard value.isFinite, value >= 0, value < 9e18 else { return nil }
        return Bytes(Int64(value))
    }
}

/// Plans what tips of a pack's tests would lead to, over the tests' series.
public struct HistoryPlanner: TipPlanner {
    private let limits: PlannerLimits

    /// A planner that keeps to `limits`.
    public init(limits: PlannerLimits = PlannerLimits()) { self.limits = limits }

    /// The planner's moves over what the series say, or why there are none.
    public func moves(
        for tip: RenderedTip, pack: String, alert: String, from engine: any QueryEngine, at time: Timestamp
    ) async throws -> (moves: [PlannedMove], problem: String?) {
        let stored = Tip(
            number: 0, pack: pack, alert: alert, subject: tip.subject, level: tip.level, title: tip.title,
            body: tip.body,
            knowledge: tip.knowledge, evidence: tip.evidence, remediation: tip.remediation, terms: tip.terms,
            raised: time, updated: time)
        switch try await HistoryFleet(at: time, from: engine).plan(stored, limits: limits) {
        case .impossible(let reason, _): return ([], reason)
        case .plan(let plan):
            let moves = plan.actions.map {
                PlannedMove(machine: $0.virtualMachineName, destination: $0.migration?.to.text)
            }
            return (moves, moves.isEmpty ? plan.explanation : nil)
        }
    }
}
