import FleetModel
import Placement

/// A second, plain account of what moves do, to hold the planner to; figures as the door admits them.
struct Ledger {
    struct Entry {
        var processors: Double
        var demand: Double?
        var memory: Double
        var used: Double?
        var promised: Double
        var available: Bool
    }

    private(set) var hosts: [HostName: Entry] = [:]
    private var machines: [VirtualMachineID: PlacementVM] = [:]
    private var hidden: [VirtualMachineID: Double] = [:]

    init(_ listed: [PlacementHost]) {
        for host in Fleets.snapshot(listed).hosts {
            let saturated = (host.processorUse ?? 0) >= 0.95
            var lacking = 0.0
            for machine in host.virtualMachines {
                machines[machine.id] = machine
                hidden[machine.id] = saturated ? (machine.processorUse ?? 0) * 0.15 : 0
                lacking += hidden[machine.id] ?? 0
            }
            let sum = host.virtualMachines.reduce(0) { $0 + ($1.processorUse ?? 0) }
            hosts[host.name] = Entry(
                processors: Double(host.logicalProcessors),
                demand: host.processorUse.map { max($0 * Double(host.logicalProcessors), sum) + lacking },
                memory: Double(host.memory.count),
                used: host.memoryAvailable.map { Double((host.memory - $0).count) },
                promised: host.virtualMachines.reduce(0) { $0 + Double($1.memory.count) },
                available: host.isAvailable)
        }
    }

    func demand(of id: VirtualMachineID) -> Double? {
        machines[id]?.processorUse.map { $0 + (hidden[id] ?? 0) }
    }

    /// Moves and returns the destination.
    mutating func apply(_ action: PlannedAction) throws -> HostName {
        guard case .migrate(let id, let from, let to) = action.kind else { throw Unexpected() }
        return try move(id, from, to)
    }

    mutating func move(_ id: VirtualMachineID, _ from: HostName, _ to: HostName) throws -> HostName {
        guard let machine = machines[id], let demand = demand(of: id) else { throw Unexpected() }
        guard var source = hosts[from], var destination = hosts[to] else { throw Unexpected() }
        source.demand = source.demand.map { $0 - demand }
        source.used = source.used.flatMap { used in machine.residentMemory.map { used - Double($0.count) } }
        source.promised -= Double(machine.memory.count)
        destination.demand = destination.demand.map { $0 + demand }
        destination.used = destination.used.map { $0 + Double(machine.memory.count) }
        destination.promised += Double(machine.memory.count)
        hosts[from] = source
        hosts[to] = destination
        return to
    }

    func share(_ name: String) -> Double {
        guard let entry = hosts[Fleets.hostName(name)], let demand = entry.demand else { return .infinity }
        return demand / entry.processors
    }

    func isWithin(_ limits: PlannerLimits, _ host: HostName) -> Bool {
        guard let entry = hosts[host], entry.available, let demand = entry.demand, let used = entry.used else {
            return false
        }
        return demand <= limits.processorCeiling * entry.processors + 1e-6
            && used <= limits.memoryCeiling * entry.memory + 1e-3
            && entry.promised <= entry.memory - Double(limits.hostReserve.count) + 1e-3
    }

    struct Unexpected: Error {}
}

/// Tries every set of moves.
struct BruteForce {
    let hosts: [PlacementHost]
    let limits: PlannerLimits

    /// The fewest moves that bring `a` to `target` within all limits; `nil` where nothing does.
    func fewestMoves(target: Double) -> Int? {
        let snapshot = Fleets.snapshot(hosts)
        guard let source = snapshot.hosts.first(where: { $0.name.text == "a" }) else { return nil }
        let movable = source.virtualMachines.filter { $0.immovable == nil && $0.processorUse != nil }
        let others = snapshot.hosts.map(\.name).filter { $0 != source.name }
        var best: Int?
        func explore(_ index: Int, _ ledger: Ledger, _ moves: Int) {
            if ledger.share("a") <= target + 1e-9, moves > 0 { best = min(best ?? moves, moves) }
            guard index < movable.count, moves < limits.maximumMoves else { return }
            explore(index + 1, ledger, moves)
            for other in others {
                var next = ledger
                guard let touched = try? next.move(movable[index].id, source.name, other) else { continue }
                if next.isWithin(limits, touched) { explore(index + 1, next, moves + 1) }
            }
        }
        explore(0, Ledger(hosts), 0)
        return best
    }
}
