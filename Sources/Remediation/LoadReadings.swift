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
    /// Bytes a second that a VM reads and writes.
    public var virtualMachineDisk: [VirtualMachineID: Double] = [:]
    /// Bytes a second that a VM receives or sends, whichever is more.
    public var virtualMachineNetwork: [VirtualMachineID: Double] = [:]
    /// Share of its memory that a VM's guest uses, 0...1.
    public var virtualMachineMemory: [VirtualMachineID: Double] = [:]
    /// Bytes a second that a host's fastest link carries each way.
    public var hostLink: [HostName: Double] = [:]
    /// What each host measured of a VM. Around a migration two hosts each measured a part of the window, and the VM's
    /// load is their sum; whose measurements count is decided by `counting`.
    public var virtualMachineShares: [VirtualMachineID: [HostName: VirtualMachineShare]] = [:]

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

    /// The same readings with the loads of VMs summed over the hosts that `isPlace` names for them; a VM of which none
    /// of these has a fresh sample is unknown. VMs without shares stay as they are.
    public func counting(_ isPlace: (VirtualMachineID, HostName) -> Bool) -> LoadReadings {
        var counted = self
        for (id, shares) in virtualMachineShares {
            let kept = shares.filter { isPlace(id, $0.key) }.sorted { $0.key < $1.key }.map(\.value)
            let isKnown = kept.contains(where: \.isFresh)
            counted.virtualMachineUse[id] = isKnown ? Self.sum(kept.compactMap(\.use)) : nil
            counted.virtualMachineWait[id] = isKnown ? Self.sum(kept.compactMap(\.wait)) : nil
            counted.virtualMachineDisk[id] = isKnown ? Self.sum(kept.compactMap(\.disk)) : nil
            counted.virtualMachineNetwork[id] = isKnown ? Self.sum(kept.compactMap(\.network)) : nil
            counted.virtualMachineMemory[id] = isKnown ? kept.compactMap(\.memory).max() : nil
        }
        return counted
    }

    private static func sum(_ values: [Double]) -> Double? { values.isEmpty ? nil : values.reduce(0, +) }
}

/// What one host measured of a VM.
public struct VirtualMachineShare: Sendable, Hashable {
    /// What the VM used there, in logical processors; `nil` where nothing was measured.
    public var use: Double?
    /// How long its virtual processors waited there, in logical processors; `nil` where nothing was measured.
    public var wait: Double?
    /// Bytes a second that it read and wrote there; `nil` where nothing was measured.
    public var disk: Double?
    /// Bytes a second that it received or sent there, whichever is more; `nil` where nothing was measured.
    public var network: Double?
    /// Share of its memory that its guest used there, 0...1; `nil` where the guest does not say.
    public var memory: Double?
    /// Whether the host's newest sample of it is fresh enough.
    public var isFresh: Bool

    /// A measurement.
    public init(use: Double?, wait: Double?, isFresh: Bool) {
        self.use = use
        self.wait = wait
        self.isFresh = isFresh
    }
}
