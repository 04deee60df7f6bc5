import Counters
import FleetModel
import MetricsWire

/// What the last look at the host gave, for who scrapes it.
final class MetricsBoard: Sendable {
    private struct State: Sendable {
        var readings: [CounterReading] = []
        var names: [VirtualMachineID: String] = [:]
    }

    private let labels: Labels
    private let state = Locked(State())

    init(host: HostName, cluster: ClusterName) {
        labels = ["cluster": cluster.text, "host": host.text]
    }

    /// Takes the place of what was there.
    func put(_ readings: [CounterReading], names: [VirtualMachineID: String]) {
        state.withLock { $0 = State(readings: readings, names: names) }
    }

    /// The page of metrics: the series that go to the server, under the same names and labels.
    func page(_ format: ExpositionFormat) -> TextExposition {
        let state = state.withLock { $0 }
        let byCounter = Dictionary(grouping: state.readings, by: \.key.counter)
        var page = TextExposition(format)
        for counter in Counter.allCases {
            guard let readings = byCounter[counter] else { continue }
            let entry = counter.entry
            page.family(entry.name, entry.kind == .counter ? .counter : .gauge, help: entry.help)
            for reading in readings {
                let name = reading.key.machine.flatMap { state.names[$0] } ?? ""
                let pairs = reading.key.labels(host: labels, machineName: name).pairs
                page.sample(
                    reading.value,
                    labels: pairs.filter { $0.name != Labels.metricName && !$0.value.isEmpty }
                        .map { (name: $0.name, value: $0.value) })
            }
        }
        return page
    }
}
