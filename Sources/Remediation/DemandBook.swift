import FleetModel
import Placement

/// What each VM was seen to want, reading by reading, and what it is expected to want from that. Kept in memory only:
/// after a restart of the server nothing is expected until enough was seen again.
public struct DemandBook: Sendable, Hashable {
    /// Readings that are taken of each VM in a window.
    private static let readingsInWindow = 144
    /// Readings before anything is expected of a VM.
    private static let fewest = 12.0
    /// Windows that a VM may be away before it is forgotten.
    private static let windowsToForget = 2

    private struct Entry: Sendable, Hashable {
        var model = DemandModel()
        var last: Timestamp
    }

    private let window: Duration
    private var entries: [VirtualMachineID: Entry] = [:]
    private var last: Timestamp?

    /// A book for forecasts that reach over `window`.
    public init(window: Duration = .seconds(43_200)) { self.window = window }

    /// Takes in what was measured, unless the last reading was only just before. A clock that was set back starts anew.
    public mutating func add(_ readings: LoadReadings) {
        let time = readings.time
        if let last, time >= last, time - last < window / Self.readingsInWindow { return }
        last = time
        for (machine, use) in readings.virtualMachineUse {
            var entry = entries[machine] ?? Entry(last: time)
            entry.model.add(use, at: Self.secondOfDay(time))
            entry.last = time
            entries[machine] = entry
        }
        let oldest = time - window * Self.windowsToForget
        entries = entries.filter { $0.value.last >= oldest }
    }

    /// What the VM is expected to want over the window from `time` on; `nil` where too little was seen.
    public func forecast(of machine: VirtualMachineID, at time: Timestamp) -> DemandForecast? {
        guard let model = entries[machine]?.model, model.history.count >= Self.fewest else { return nil }
        let (mean, variance) = model.forecast(
            prior: model.history.mean, priorDeviation: 0, from: Self.secondOfDay(time),
            seconds: Int(window.components.seconds))
        return DemandForecast(mean: mean, deviation: max(0, variance).squareRoot())
    }

    /// Demand that the VM stayed below in 95 % of the time; `nil` where too little was seen.
    public func usualPeak(of machine: VirtualMachineID) -> Double? { entries[machine]?.model.usualPeak }

    /// In UTC.
    private static func secondOfDay(_ time: Timestamp) -> Int {
        Int(truncatingIfNeeded: (time.milliseconds / 1000) % 86_400)
    }
}
