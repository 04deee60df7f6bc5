import FleetModel

/// A plan as it is put together: each move of the search is held against every limit once more, exactly and with its VM
/// on both sides, and foretold.
struct Assembly {
    private let limits: PlannerLimits
    private let compiled: CompiledCluster
    private var check: MoveCheck
    private var loads: [HostLoad]
    private(set) var forecast: Forecast
    private(set) var rejections = Rejections()
    private(set) var actions: [PlannedAction] = []
    private var moved = Bytes.zero

    init(_ cluster: PreparedCluster) {
        compiled = cluster.compiled
        check = cluster.check
        limits = check.limits
        loads = compiled.loads
        forecast = Forecast(limits: check.limits)
    }

    /// Takes a move in, or notes why it cannot be made on top of those before it. A plan that an operator asked for does
    /// not heed cautions. With `isInOrder` later moves come after this one, and use the processors that it frees; where it
    /// `vacates`, all that its VM holds.
    @discardableResult
    mutating func add(
        _ move: DenseMove, isAutomatic: Bool = true, isInOrder: Bool = false, vacates: Bool = false,
        with companions: [Int] = []
    ) -> Bool {
        let machine = compiled.machines[move.machine]
        var source = compiled.hosts[move.from]
        if !isAutomatic { source.unavailableReason = nil }
        let destination = compiled.hosts[move.to]
        let load = MachineLoad(machine, on: source, limits: limits)
        let objection =
            check.objection(to: destination, for: machine, from: source)
            ?? (isAutomatic ? check.caution(aboutReturning: machine, to: destination.name) : nil)
            ?? check.limitBroken(by: load, on: loads[move.to]) ?? budgetObjection(machine)
        if let objection {
            rejections.add(machine.name, destination.name, objection)
            return false
        }
        loads[move.to].add(load)
        if vacates { loads[move.from].remove(load) } else if isInOrder { loads[move.from].leave(load) }
        moved = moved + machine.memory + machine.traits.localDisks
        check.rules.arrived(machine, on: destination.name)
        var action = forecast.move(machine, from: source, to: destination)
        if !companions.isEmpty { action.companions = companions.map { compiled.machines[$0].id } }
        actions.append(action)
        return true
    }

    /// Why the host cannot take the VM with the moves that were taken in.
    func objection(to place: Int, for machine: PlacementVM, from source: PlacementHost) -> String? {
        check.objection(to: compiled.hosts[place], for: machine, from: source)
            ?? check.limitBroken(by: MachineLoad(machine, on: source, limits: limits), on: loads[place])
    }

    /// Notes a move that something else forbids.
    mutating func reject(_ machine: String, _ destination: HostName?, _ reason: String) {
        rejections.add(machine, destination, reason)
    }

    private func budgetObjection(_ machine: PlacementVM) -> String? {
        guard let budget = limits.migrationBudget else { return nil }
        let sum = moved + machine.memory + machine.traits.localDisks
        return sum > budget ? "the plan would move \(sum), its budget is \(budget)" : nil
    }
}
