/// Runs VMs on one host: the bundled runtime, libvirt, a simulation.
public protocol VirtualMachineProvider: Sendable {
    /// Every VM that this provider knows on this host, running or not, by identity.
    func virtualMachines() async throws -> [VirtualMachineStatus]

    /// Does one step and says how it ended. A step that was done before answers as it did then and changes nothing.
    /// `progress` is called now and then while a migration runs.
    func perform(
        _ task: HostTask, progress: @escaping @Sendable (MigrationProgress) -> Void
    ) async -> HostTaskAnswer
}
