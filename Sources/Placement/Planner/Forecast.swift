import FleetModel

/// The loads of hosts with moves applied one after the other, and what each move changes.
struct Forecast {
    /// Of hosts that a move touched.
    private var loads: [HostName: HostLoad] = [:]
    private let limits: PlannerLimits

    init(limits: PlannerLimits) { self.limits = limits }

    /// Applies a move and says what it is expected to do.
    mutating func move(
        _ machine: PlacementVM, from source: PlacementHost, to destination: PlacementHost
    ) -> PlannedAction {
        let load = MachineLoad(machine, on: source, limits: limits)
        for host in [source, destination] where loads[host.name] == nil {
            loads[host.name] = HostLoad(host, limits: limits)
        }
        let before = (loads[source.name], loads[destination.name])
        loads[source.name]?.remove(load)
        loads[destination.name]?.add(load)
        let after = (loads[source.name], loads[destination.name])
        let estimate = MoveEstimate(
            machine, bandwidth: MoveEstimate.bandwidth(source, destination, limits: limits))
        return PlannedAction(
            kind: .migrate(virtualMachine: machine.id, from: source.name, to: destination.name),
            virtualMachineName: machine.name,
            prediction: Prediction(
                sourceProcessor: change(before.0?.processorShare, after.0?.processorShare),
                destinationProcessor: change(before.1?.processorShare, after.1?.processorShare),
                sourceMemory: change(before.0?.memoryShare, after.0?.memoryShare),
                destinationMemory: change(before.1?.memoryShare, after.1?.memoryShare), seconds: estimate?.seconds,
                downtimeMilliseconds: estimate?.downtimeMilliseconds))
    }

    private func change(_ before: Double?, _ after: Double?) -> Prediction.Change? {
        guard let before, let after, before.isFinite, after.isFinite else { return nil }
        return Prediction.Change(before: before, after: after)
    }

    /// The used or wanted share of a resource on a host that a move touched.
    func share(_ resource: HostResource, of host: HostName) -> Double? {
        loads[host]?.share(resource)
    }
}
