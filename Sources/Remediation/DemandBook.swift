import FleetModel
import Placement

/// The demand of the fleet's VMs as it was measured, and what is expected of it: a `DemandFeed` by the VMs' own names.
/// Kept in memory only: after a restart of the server nothing is expected until enough was seen again.
public struct DemandBook: Sendable, Hashable {
    private var feed: DemandFeed<VirtualMachineID>
    private var memory: [VirtualMachineID: MemoryPeaks] = [:]

    /// A book for forecasts that reach over `window`.
    public init(window: Duration = .seconds(43_200)) {
        feed = DemandFeed(window: Int(clamping: window.components.seconds))
    }

    /// Whether readings of that time are taken: not where the last were only just before.
    public func isDue(at time: Timestamp) -> Bool { feed.isDue(at: Self.second(time)) }

    /// Takes in what was measured, if it is due; `sizes` are the VMs' virtual processors, as far as they are known.
    public mutating func add(_ readings: LoadReadings, sizes: [VirtualMachineID: Int]) {
        feed.add(
            readings.virtualMachineUse.lazy.map {
                DemandFeed.Reading(of: $0.key, demand: $0.value, virtualProcessors: sizes[$0.key])
            }, at: Self.second(readings.time))
        let second = Self.second(readings.time)
        for (machine, share) in readings.virtualMachineMemory {
            memory[machine, default: MemoryPeaks()].add(share, at: second)
        }
        if memory.contains(where: { $0.value.isOver(at: second) }) {
            memory = memory.filter { !$0.value.isOver(at: second) }
        }
    }

    /// What the VM is expected to want over the window from `time` on; `nil` where too little was seen.
    public func forecast(of machine: VirtualMachineID, at time: Timestamp) -> DemandForecast? {
        feed.forecast(of: machine, at: Self.second(time))
    }

    /// Demand that the VM stayed below in 95 % of the time; `nil` where too little was seen.
    public func usualPeak(of machine: VirtualMachineID) -> Double? { feed.usualPeak(of: machine) }

    /// Largest share of its memory that the VM's guest used over a week; `nil` where its demand was seen for too short a
    /// time for a usual peak, or the guest does not say.
    public func memoryPeak(of machine: VirtualMachineID) -> Double? {
        usualPeak(of: machine) == nil ? nil : memory[machine]?.peak
    }

    private static func second(_ time: Timestamp) -> Int { Int(clamping: time.milliseconds / 1000) }
}
