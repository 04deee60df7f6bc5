import Counters
import FleetModel
import MetricsWire

/// Turns samples of a host into remote write requests. Labels are made and encoded once for each series; a series that
/// was there in the last sample and is not in this one ends with a staleness marker.
public struct SampleRecorder: Sendable {
    private struct Known: Sendable {
        var series: RemoteWriteEncoder.Series
        var machineName: String
        /// The sample that had it last.
        var sample: Int
        /// Holds a count that trembles; `nil` for what may fall.
        var guardian: TrembleGuard?
    }

    private let labels: Labels
    private var encoder = RemoteWriteEncoder()
    private var known: [SeriesKey: Known] = [:]
    private var registered = 0
    private var sample = 0

    /// A recorder for `host` in `cluster`.
    public init(host: HostName, cluster: ClusterName) {
        self.init(labels: ["cluster": cluster.text, "host": host.text])
    }

    /// A recorder of series that carry `labels`.
    public init(labels: Labels) {
        self.labels = labels
    }

    /// The request that carries `readings` of one moment, compressed. `names` are those of the VMs in it.
    public mutating func encode(
        _ readings: [CounterReading], names: [VirtualMachineID: String], time: Timestamp
    ) -> [UInt8] {
        sample += 1
        for reading in readings {
            let name = reading.key.machine.flatMap { names[$0] } ?? ""
            let series = series(reading.key, name, time)
            let value = known[reading.key]?.guardian?.pass(reading.value) ?? reading.value
            encoder.append(series, time: time.milliseconds, value: value)
        }
        for (key, entry) in known where entry.sample != sample {
            encoder.append(entry.series, time: time.milliseconds, value: Staleness.marker)
            known[key] = nil
        }
        let request = encoder.finish()
        // The encoder keeps what it was told of series that are long gone; start afresh before they outweigh the rest.
        if registered > 1_000 + 4 * known.count {
            encoder = RemoteWriteEncoder()
            registered = 0
            for (key, entry) in known {
                let series = register(key, entry.machineName)
                known[key]?.series = series
            }
        }
        return request
    }

    private mutating func series(_ key: SeriesKey, _ name: String, _ time: Timestamp) -> RemoteWriteEncoder.Series {
        if let entry = known[key] {
            if entry.machineName == name {
                known[key]?.sample = sample
                return entry.series
            }
            // A VM was renamed: under its old name it has ended.
            encoder.append(entry.series, time: time.milliseconds, value: Staleness.marker)
        }
        let series = register(key, name)
        let guardian = key.counter.entry.kind == .counter ? TrembleGuard() : nil
        known[key] = Known(series: series, machineName: name, sample: sample, guardian: guardian)
        return series
    }

    private mutating func register(_ key: SeriesKey, _ name: String) -> RemoteWriteEncoder.Series {
        registered += 1
        return encoder.register(key.labels(host: labels, machineName: name))
    }
}
