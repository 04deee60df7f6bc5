import FleetModel

/// All native readings of one moment, by counter and labels: what paths are answered from. The only place that turns
/// readings into labels; formulas know nothing of how a reading is kept.
public struct CounterMoment: Sendable {
    /// When, on a clock that only goes forward.
    public var instant: Duration
    /// Each counter's series by their labels, without those of the host.
    public private(set) var series: [Counter: [Labels: Double]] = [:]

    /// The readings of `sample`, taken `instant` after some beginning; `names` gives VMs their
    /// names besides those that the sample itself has found.
    public init(_ sample: HostSample, at instant: Duration, names: [VirtualMachineID: String] = [:]) {
        self.instant = instant
        let found = sample.unmanaged.map { ($0.definition.id, $0.definition.name.text) }
        let names = names.merging(found) { known, _ in known }
        for reading in sample.readings {
            let name = reading.key.machine.flatMap { names[$0] } ?? ""
            var labels = reading.key.labels(host: Labels(), machineName: name)
            labels[Labels.metricName] = nil
            series[reading.key.counter, default: [:]][labels] = reading.value
        }
    }

    /// The series that belong to a term.
    func series(of term: CounterTerm) -> [(labels: Labels, value: Double)] {
        var found: [(labels: Labels, value: Double)] = []
        for (labels, value) in series[term.counter] ?? [:]
        where term.labels.pairs.allSatisfy({ labels[$0.name] == $0.value }) {
            found.append((labels, value))
        }
        return found
    }

    /// Whether a reader did its work.
    func hasRead(_ reader: Reader) -> Bool {
        series[.readerSuccess]?[["reader": reader.rawValue]] == 1
    }
}
