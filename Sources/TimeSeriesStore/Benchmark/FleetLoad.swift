import FleetModel
import MetricsWire

/// Telemetry of a fleet that never was, always the same for a seed: what `StoreBenchmark` writes. Each host has 16
/// logical processors with four counters in 100 ns ticks, four gauges, and 20 VMs with eight series: 228 series.
struct FleetLoad {
    static let processors = 16
    static let machines = 20
    static let seriesOfHost = processors * 4 + 4 + machines * 8

    private static let modes = ["guest", "hypervisor", "root", "idle"]
    private static let machineMetrics = [
        "evenkeel_vm_run_seconds_total", "evenkeel_vm_processor_use", "evenkeel_vm_memory_bytes",
        "evenkeel_vm_memory_resident_bytes", "evenkeel_vm_disk_read_bytes_total",
        "evenkeel_vm_disk_written_bytes_total",
        "evenkeel_vm_network_received_bytes_total", "evenkeel_vm_network_sent_bytes_total",
    ]
    private static let hostMetrics = [
        "evenkeel_host_memory_available_bytes", "evenkeel_host_load", "evenkeel_host_disk_latency_seconds",
        "evenkeel_host_temperature_celsius",
    ]

    private struct Host {
        var load: Double
        var counters: [Int64]
        var gauges: [Double]
        var machines: [Machine]
        let phase: Int64
        let series: [RemoteWriteEncoder.Series]
    }

    private struct Machine {
        var use: Double
        let mean: Double
        var run: Int64 = 0
        var pages: [Int64]
        var traffic: [Int64] = [0, 0, 0, 0]
        let rate: Double
    }

    private var generator: Mixer
    private var encoder = RemoteWriteEncoder()
    private var hosts: [Host] = []
    private let stepMilliseconds: Int64

    /// `hosts` hosts that are sampled every `stepMilliseconds`.
    init(hosts count: Int, seed: UInt64, stepMilliseconds: Int64) {
        generator = Mixer(state: seed)
        self.stepMilliseconds = stepMilliseconds
        for number in 0..<count { hosts.append(makeHost("host-\(number)")) }
    }

    private mutating func makeHost(_ name: String) -> Host {
        var series: [RemoteWriteEncoder.Series] = []
        func register(_ metric: String, _ labels: [String: String]) {
            let all = labels.merging(["__name__": metric, "host": name, "cluster": "bench"]) { $1 }
            series.append(encoder.register(Labels(all)))
        }
        for processor in 0..<Self.processors {
            for mode in Self.modes { register("evenkeel_lp_run_seconds_total", ["lp": "\(processor)", "mode": mode]) }
        }
        for metric in Self.hostMetrics { register(metric, [:]) }
        for machine in 0..<Self.machines {
            for metric in Self.machineMetrics {
                register(metric, ["vm": "\(name)-\(machine)", "name": "vm\(machine)"])
            }
        }
        let machines = (0..<Self.machines).map { _ in
            let mean = generator.unit() < 0.4 ? 0.02 : 0.1 + 0.7 * generator.unit()
            let pages = [1 << 20, 1 << 18].map { Int64(Double($0) * (1 + generator.unit())) }
            return Machine(use: mean, mean: mean, pages: pages, rate: 5e5 * mean * mean * 4 * generator.unit())
        }
        let counters = (0..<Self.processors * 4).map { _ in Int64(generator.unit() * 1e13) }
        return Host(
            load: 0.05 + 0.8 * generator.unit(), counters: counters, gauges: [2e6, 5, 0.002, 45], machines: machines,
            phase: Int64(generator.unit() * 9000), series: series)
    }

    /// The requests that carry the samples of all hosts for one moment, ten hosts each.
    mutating func requests(at moment: Int64) -> [[UInt8]] {
        var requests: [[UInt8]] = []
        for place in hosts.indices {
            advance(place)
            append(hosts[place], at: moment + hosts[place].phase)
            if place % 10 == 9 || place == hosts.count - 1 { requests.append(encoder.finish()) }
        }
        return requests
    }

    private mutating func advance(_ place: Int) {
        let seconds = Double(stepMilliseconds) / 1000
        let load = hosts[place].load + 0.02 * generator.normal() + 0.02 * (0.45 - hosts[place].load)
        hosts[place].load = min(max(load, 0.02), 0.97)
        for processor in 0..<Self.processors {
            let busy = min(max(hosts[place].load + 0.1 * generator.normal(), 0.002), 1)
            let ticks = Int64(busy * seconds * 1e7)
            let guest = Int64(Double(ticks) * (0.78 + 0.03 * generator.normal()))
            let hypervisor = Int64(Double(ticks) * max(0, 0.05 + 0.01 * generator.normal()))
            let parts = [guest, hypervisor, ticks - guest - hypervisor, Int64(seconds * 1e7) - ticks]
            for (mode, part) in parts.enumerated() { hosts[place].counters[processor * 4 + mode] += part }
        }
        hosts[place].gauges[0] += (generator.normal() * 3000).rounded()
        hosts[place].gauges[1] = (load * 1600).rounded() / 100
        hosts[place].gauges[2] = 0.002 * (1 + generator.unit())
        hosts[place].gauges[3] = (40 + 30 * load + 0.5 * generator.normal()).rounded()
        for number in 0..<Self.machines {
            var machine = hosts[place].machines[number]
            advance(&machine, seconds)
            hosts[place].machines[number] = machine
        }
    }

    private mutating func advance(_ machine: inout Machine, _ seconds: Double) {
        machine.use += 0.15 * (machine.mean - machine.use) + 0.06 * machine.mean * generator.normal()
        machine.use = min(max(machine.use, 0.0005), 1)
        machine.run += Int64(machine.use * seconds * 1e9)
        for place in 0..<2 where generator.unit() < 0.35 { machine.pages[place] += Int64(generator.normal() * 2000) }
        for place in 0..<4 where generator.unit() < (machine.mean < 0.05 ? 0.25 : 0.97) {
            let bytes = Int64(machine.rate * seconds * (1 + 0.5 * generator.unit()))
            machine.traffic[place] += place < 2 ? bytes / 512 * 512 : bytes
        }
    }

    private mutating func append(_ host: Host, at time: Int64) {
        var next = 0
        func add(_ value: Double) {
            encoder.append(host.series[next], time: time, value: value)
            next += 1
        }
        for counter in host.counters { add(Double(counter) / 1e7) }
        add(host.gauges[0] * 4096)
        for gauge in host.gauges[1...] { add(gauge) }
        for machine in host.machines {
            add(Double(machine.run) / 1e9)
            add((machine.use * 1e10).rounded() / 1e10)
            for pages in machine.pages { add(Double(pages) * 1024) }
            for bytes in machine.traffic { add(Double(bytes)) }
        }
    }
}

/// A seeded generator (SplitMix64: Steele, Lea, Flood, OOPSLA 2014).
struct Mixer: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// Evenly from 0 up to 1.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// About normal with mean 0 and deviation 1.
    mutating func normal() -> Double { (unit() + unit() + unit() + unit() - 2) * 3.0.squareRoot() }
}
