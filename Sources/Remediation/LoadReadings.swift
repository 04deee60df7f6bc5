import FleetModel

/// How loaded hosts and VMs were at one instant. What is not in here is unknown, which is never the same as idle.
public struct LoadReadings: Sendable, Hashable {
    /// The instant that was asked about.
    public var time: Timestamp
    /// Over how long the loads are averaged.
    public var window: Duration
    /// Busy share of all logical processors of a host, 0...1.
    public var hostProcessorUse: [HostName: Double]
    /// What a VM uses, in logical processors.
    public var virtualMachineUse: [VirtualMachineID: Double]
    /// How long a VM's virtual processors were ready and had to wait, in logical processors.
    public var virtualMachineWait: [VirtualMachineID: Double]

    /// Readings; with nothing in them, nothing is known.
    public init(
        time: Timestamp, window: Duration, hostProcessorUse: [HostName: Double] = [:],
        virtualMachineUse: [VirtualMachineID: Double] = [:], virtualMachineWait: [VirtualMachineID: Double] = [:]
    ) {
        self.time = time
        self.window = window
        self.hostProcessorUse = hostProcessorUse
        self.virtualMachineUse = virtualMachineUse
        self.virtualMachineWait = virtualMachineWait
    }
}
