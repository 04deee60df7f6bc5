/// What each VM was seen to want, reading by reading, and what it is expected to want from that. The live fleet and
/// the simulated one are fed by the same: only how a VM is named differs.
///
/// A VM whose size is known leans on what the fleet's VMs usually want of a virtual processor until much was seen of
/// it; of one whose size is not known nothing is expected until then.
public struct DemandFeed<Key: Hashable & Sendable>: Sendable, Hashable {
    /// What a VM was seen to want.
    public struct Reading: Sendable, Hashable {
        /// Which VM.
        public var machine: Key
        /// Processor time that it wants, in LPs.
        public var demand: Double
        /// Its virtual processors; `nil` when unknown.
        public var virtualProcessors: Int?

        /// A reading.
        public init(of machine: Key, demand: Double, virtualProcessors: Int?) {
            self.machine = machine
            self.demand = demand
            self.virtualProcessors = virtualProcessors
        }
    }

    private struct Entry: Sendable, Hashable {
        var model = DemandModel()
        var virtualProcessors: Int?
        var last: Int

        mutating func take(_ reading: Reading, at second: Int) {
            model.add(reading.demand, at: secondOfDay(second))
            virtualProcessors = reading.virtualProcessors
            last = second
        }
    }

    /// Readings that are taken of each VM in a window.
    private static var readingsInWindow: Int { 144 }
    /// Readings before anything is expected of a VM whose size is known, and of another one.
    private static var fewest: Double { 3 }
    private static var fewestWithoutSize: Double { 12 }
    /// What a VM's demand is off the usual one, give or take, in LPs for each virtual processor.
    private static var usualDeviation: Double { 0.2 }
    /// Windows that a VM may be away before it is forgotten.
    private static var windowsToForget: Int { 2 }

    private let window: Int
    private var entries: [Key: Entry] = [:]
    private var last: Int?
    /// What the fleet's VMs want of a virtual processor.
    private var usual = 0.0

    /// A feed for forecasts that reach over so many seconds.
    public init(window seconds: Int) { window = max(1, seconds) }

    /// Whether readings of a second since 1970 UTC are taken: not where the last were only just before. A clock that
    /// was set back starts anew.
    public func isDue(at second: Int) -> Bool {
        guard let last else { return true }
        return second < last || second - last >= window / Self.readingsInWindow
    }

    /// Takes in what was seen at a second since 1970 UTC, if it is due.
    public mutating func add(_ readings: some Sequence<Reading>, at second: Int) {
        guard isDue(at: second) else { return }
        last = second
        for reading in readings {
            entries[reading.machine, default: Entry(last: second)].take(reading, at: second)
        }
        let oldest = second - window * Self.windowsToForget
        if entries.contains(where: { $0.value.last < oldest }) {
            entries = entries.filter { $0.value.last >= oldest }
        }
        let sized = entries.values.lazy.filter { ($0.virtualProcessors ?? 0) > 0 && $0.model.history.count > 0 }
        let processors = sized.reduce(0) { $0 + Double($1.virtualProcessors ?? 0) }
        usual = processors > 0 ? sized.reduce(0) { $0 + $1.model.history.mean } / processors : 0
    }

    /// What the VM is expected to want over the window from that second on; `nil` where too little was seen.
    public func forecast(of machine: Key, at second: Int) -> DemandForecast? {
        guard let entry = entries[machine] else { return nil }
        let model = entry.model
        let size = entry.virtualProcessors.map(Double.init) ?? 0
        guard model.history.count >= (size > 0 ? Self.fewest : Self.fewestWithoutSize) else { return nil }
        let (mean, variance) = model.forecast(
            prior: size > 0 ? usual * size : model.history.mean, priorDeviation: Self.usualDeviation * size,
            from: Self.secondOfDay(second), seconds: window)
        return DemandForecast(mean: mean, deviation: max(0, variance).squareRoot())
    }

    /// Demand that the VM stayed below in 95 % of the time; `nil` where too little was seen.
    public func usualPeak(of machine: Key) -> Double? { entries[machine]?.model.usualPeak }

    private static func secondOfDay(_ second: Int) -> Int { ((second % 86_400) + 86_400) % 86_400 }
}
