/// Runs VMs on one host: the bundled runtime, libvirt, a simulation.
public protocol VirtualMachineProvider: Sendable {
    /// Every VM that this provider knows on this host, running or not, by identity.
    func virtualMachines() async throws -> [VirtualMachineStatus]

    /// What there is to know of every running VM beyond its state. Asked at the sending interval.
    func statistics() async throws -> [VirtualMachineStatistics]

    /// Does one step and says how it ended. A step that was done before answers as it did then and changes nothing.
    /// `progress` is called now and then while a migration runs.
    func perform(
        _ task: HostTask, progress: @escaping @Sendable (MigrationProgress) -> Void
    ) async -> HostTaskAnswer
}

extension VirtualMachineProvider {
    /// A provider that knows nothing beyond states.
    public func statistics() async throws -> [VirtualMachineStatistics] { [] }
}
