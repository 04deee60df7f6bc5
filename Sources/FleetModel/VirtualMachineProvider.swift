/// Runs VMs on one host: the bundled runtime, libvirt, a simulation.
public protocol VirtualMachineProvider: Sendable {
    /// Every VM that this provider knows on this host, running or not, by identity.
    func virtualMachines() async throws -> [VirtualMachineStatus]

    /// What there is to know of every running VM beyond its state. Asked at the sending interval.
    func statistics() async throws -> [VirtualMachineStatistics]

    /// What VMs here can be made of and how they can come and go; `nil` where the provider does not know.
    func capabilities() async -> HostCapabilities?

    /// Where the first serial port of a VM whose guest lives here is reached; throws why it is not.
    func console(of id: VirtualMachineID) async throws -> ConsolePlace

    /// Does one step and says how it ended. A step that was done before answers as it did then and changes nothing.
    /// `progress` is called now and then while a migration runs.
    func perform(
        _ task: HostTask, progress: @escaping @Sendable (MigrationProgress) -> Void
    ) async -> HostTaskAnswer
}

/// Where a VM's first serial port is reached.
public enum ConsolePlace: Hashable, Sendable {
    /// A Unix socket, which serves one client at a time.
    case socket(path: String)
    /// A terminal device.
    case terminal(path: String)
}

/// A VM whose console cannot be had, and why.
public struct NoConsole: Error, Hashable, Sendable, CustomStringConvertible {
    /// Why, for a person.
    public let description: String

    /// No console, for this reason.
    public init(_ reason: String) { description = reason }
}

extension VirtualMachineProvider {
    /// A provider that does not know what VMs can be made of.
    public func capabilities() async -> HostCapabilities? { nil }

    /// A provider without consoles.
    public func console(of id: VirtualMachineID) async throws -> ConsolePlace {
        throw NoConsole("what runs this VM gives no console")
    }

    /// A provider that knows nothing beyond states.
    public func statistics() async throws -> [VirtualMachineStatistics] { [] }
}
