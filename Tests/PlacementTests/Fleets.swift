import FleetModel
import Placement

/// Fleets for tests, written shortly.
enum Fleets {
    static let cluster = ClusterName("c") ?? Fleets.missing()
    static let time = Timestamp(milliseconds: 1_000_000_000)

    static func hostName(_ text: String) -> HostName { HostName(text) ?? missing() }

    static func id(_ number: Int) -> VirtualMachineID {
        let digits = String(number)
        let text = "00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits
        return VirtualMachineID(text) ?? missing()
    }

    static func machine(
        _ number: Int, use: Double?, gib: Int64 = 4, resident: Int64?? = .none, wait: Double? = nil,
        processors: Int? = nil, accelerator: Accelerator? = .kvm, immovable: String? = nil,
        lastMoved: Timestamp? = nil
    ) -> PlacementVM {
        PlacementVM(
            id: id(number), name: "vm-\(number)", memory: .gibibytes(gib),
            residentMemory: (resident ?? gib).map { .gibibytes($0) }, processorUse: use, processorWait: wait,
            virtualProcessors: processors, accelerator: accelerator, immovable: immovable, lastMoved: lastMoved)
    }

    static func host(
        _ name: String, processors: Int = 8, use: Double?, gib: Int64 = 64, available: Int64?? = .none,
        _ machines: [PlacementVM] = [], cluster: ClusterName = Fleets.cluster, unavailable: String? = nil,
        accelerator: Accelerator = .kvm, lastMoved: Timestamp? = nil
    ) -> PlacementHost {
        let held = machines.reduce(0) { $0 + ($1.residentMemory ?? $1.memory).count } >> 30
        return PlacementHost(
            name: hostName(name), cluster: cluster, unavailableReason: unavailable, logicalProcessors: processors,
            memory: .gibibytes(gib), memoryAvailable: (available ?? max(0, gib - held)).map { .gibibytes($0) },
            processorUse: use, accelerator: accelerator, lastMoved: lastMoved, virtualMachines: machines)
    }

    static func snapshot(_ hosts: [PlacementHost]) -> FleetSnapshot {
        FleetSnapshot(version: 7, time: time, hosts: hosts)
    }

    private static func missing<Value>() -> Value {
        preconditionFailure("a test's own name is not valid")
    }
}

extension PlanOutcome {
    var plan: Plan? {
        guard case .plan(let plan) = self else { return nil }
        return plan
    }

    var reason: String? {
        guard case .impossible(let reason, _) = self else { return nil }
        return reason
    }

    var rejected: [RejectedCandidate] {
        switch self {
        case .plan(let plan): plan.rejected
        case .impossible(_, let rejected): rejected
        }
    }

    /// Moves as `vm>destination`.
    var moves: [String] {
        plan?.actions.map { action in
            guard case .migrate(_, _, let destination) = action.kind else { return "?" }
            return "\(action.virtualMachineName)>\(destination)"
        } ?? []
    }
}
