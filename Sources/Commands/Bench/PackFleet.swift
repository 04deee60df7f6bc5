import FleetModel
import MetricsWire
import Simulation

/// Telemetry of a fleet that never was, of all that the bundled packs ask for: 16 logical processors, 4 disks, 4
/// interfaces, 3 file systems and 20 VMs a host, each with 4 virtual processors, 2 disks and an interface.
struct PackFleet {
    static let machinesOfHost = 20
    static let hostsOfCluster = 40

    static func cluster(ofHost number: Int) -> String { "cluster-\(number / hostsOfCluster)" }

    /// How a metric moves.
    private enum Shape {
        /// Grows by about so much a second.
        case counter(Double)
        /// Stays about there.
        case gauge(Double)
        /// Stays there.
        case steady(Double)
        /// Stays there, but grows by so much a second on every fiftieth host or VM.
        case trouble(Double)
    }

    /// A metric, with every combination of its labels' values.
    private struct Metric {
        let name: String
        let shape: Shape
        let labels: [(name: String, values: [String])]

        init(_ name: String, _ shape: Shape, _ labels: [(name: String, values: [String])] = []) {
            self.name = name
            self.shape = shape
            self.labels = labels
        }

        var combinations: [[String: String]] {
            labels.reduce([[:]]) { made, label in
                made.flatMap { one in label.values.map { one.merging([label.name: $0]) { $1 } } }
            }
        }
    }

    private static func numbered(_ label: String, _ count: Int, _ prefix: String = "") -> (String, [String]) {
        (label, (0..<count).map { "\(prefix)\($0)" })
    }

    private static let directions = ("direction", ["read", "written"])
    private static let ways = ("direction", ["received", "sent"])
    private static let fileSystem = [
        ("mount", ["/", "/var", "/srv/vm"]), ("device", ["/dev/md0"]), ("type", ["ext4"]),
    ]

    private static let ofHost: [Metric] = [
        Metric(
            "evenkeel_lp_run_seconds_total", .counter(0.18),
            [numbered("lp", 16), ("mode", ["guest", "hypervisor", "root", "idle", "steal"])]),
        Metric(
            "evenkeel_lp_thermal_throttles_total", .steady(3), [numbered("lp", 16), ("scope", ["core", "package"])]),
        Metric("evenkeel_hosts", .steady(1)), Metric("evenkeel_host_info", .steady(1), [("nested_paging", ["yes"])]),
        Metric("evenkeel_host_cores", .steady(8)), Metric("evenkeel_host_logical_processors", .steady(16)),
        Metric("evenkeel_host_memory_bytes", .steady(256e9)),
        Metric("evenkeel_host_memory_available_bytes", .gauge(90e9)),
        Metric("evenkeel_host_busy_ratio", .gauge(0.4), [("stat", ["avg", "max"])]),
        Metric("evenkeel_host_pages_swapped_total", .trouble(2000), [("direction", ["in", "out"])]),
        Metric(
            "evenkeel_host_pressure_seconds_total", .counter(0.002),
            [("resource", ["cpu", "memory", "io"]), ("stall", ["some", "full"])]),
        Metric("evenkeel_host_backlog_drops_total", .trouble(20)),
        Metric("evenkeel_host_clock_skew_seconds", .gauge(0.001)),
        Metric("evenkeel_agent_spool_dropped_total", .steady(0)),
        Metric("evenkeel_agent_spool_refused_total", .steady(0)),
        Metric("evenkeel_agent_reader_success", .steady(1), [numbered("reader", 20, "reader")]),
        Metric(
            "evenkeel_host_disk_requests_total", .counter(200), [numbered("device", 4, "nvme"), directions]),
        Metric(
            "evenkeel_host_disk_request_seconds_total", .counter(0.1), [numbered("device", 4, "nvme"), directions]),
        Metric("evenkeel_host_network_bytes_total", .counter(4e7), [numbered("interface", 4, "eth"), ways]),
        Metric("evenkeel_host_network_packets_total", .counter(4e4), [numbered("interface", 4, "eth"), ways]),
        Metric("evenkeel_host_network_drops_total", .trouble(50), [numbered("interface", 4, "eth"), ways]),
        Metric("evenkeel_host_network_errors_total", .steady(0), [numbered("interface", 4, "eth"), ways]),
        Metric("evenkeel_host_link_up", .steady(1), [numbered("interface", 4, "eth")]),
        Metric("evenkeel_host_link_speed_bits", .steady(25e9), [numbered("interface", 4, "eth")]),
        Metric("evenkeel_host_link_changes_total", .steady(2), [numbered("interface", 4, "eth")]),
        Metric("evenkeel_host_filesystem_bytes", .steady(4e12), fileSystem),
        Metric("evenkeel_host_filesystem_available_bytes", .gauge(1.6e12), fileSystem),
        Metric("evenkeel_host_filesystem_files", .steady(1e8), fileSystem),
        Metric("evenkeel_host_filesystem_files_free", .gauge(9e7), fileSystem),
        Metric("evenkeel_host_filesystem_readonly", .steady(0), fileSystem),
        Metric(
            "evenkeel_host_memory_errors_total", .steady(1),
            [numbered("controller", 2), ("kind", ["corrected", "uncorrected"])]),
        Metric(
            "evenkeel_host_temperature_celsius", .gauge(55), [("chip", ["coretemp"]), numbered("sensor", 8, "core")]),
        Metric(
            "evenkeel_host_temperature_critical_celsius", .steady(100),
            [("chip", ["coretemp"]), numbered("sensor", 8, "core")]),
        Metric("evenkeel_host_array_degraded", .steady(0), [("array", ["md0"]), ("level", ["raid1"])]),
        Metric("evenkeel_host_array_disks", .steady(2), [("array", ["md0"]), ("state", ["wanted", "active"])]),
        Metric("evenkeel_host_multipath_paths", .steady(2), [numbered("device", 4, "dm-"), ("state", ["running"])]),
    ]

    private static let ofMachine: [Metric] = [
        Metric(
            "evenkeel_vm_info", .steady(1),
            [("accelerator", ["kvm"]), ("state", ["running"]), ("manager", ["libvirt"])]),
        Metric("evenkeel_vm_vp_run_seconds_total", .counter(0.2), [numbered("vp", 4)]),
        Metric("evenkeel_vm_vp_wait_seconds_total", .counter(0.002), [numbered("vp", 4)]),
        Metric(
            "evenkeel_vm_vp_halt_seconds_total", .counter(0.2),
            [numbered("vp", 4), ("phase", ["wait", "poll_success", "poll_fail"])]),
        Metric("evenkeel_vm_virtual_processors", .steady(4)),
        Metric("evenkeel_vm_throttled_seconds_total", .trouble(0.5)),
        Metric("evenkeel_vm_restarts_total", .trouble(0.002)), Metric("evenkeel_vm_memory_bytes", .steady(8e9)),
        Metric("evenkeel_vm_balloon_bytes", .steady(8e9)),
        Metric("evenkeel_vm_guest_memory_pressure_ratio", .gauge(0.5)),
        Metric("evenkeel_vm_guest_memory_bytes", .gauge(5e9), [("kind", ["total", "available", "free"])]),
        Metric("evenkeel_vm_guest_swapped_bytes_total", .trouble(4e6), [("direction", ["in", "out"])]),
        Metric("evenkeel_vm_snapshots", .steady(1)),
        Metric(
            "evenkeel_vm_disk_info", .steady(1),
            [numbered("disk", 2, "disk"), ("bus", ["virtio"]), ("allocation", ["preallocated"]), ("cache", ["none"])]),
        Metric("evenkeel_vm_disk_requests_total", .counter(40), [numbered("disk", 2, "disk"), directions]),
        Metric("evenkeel_vm_disk_request_seconds_total", .counter(0.02), [numbered("disk", 2, "disk"), directions]),
        Metric(
            "evenkeel_vm_interface_info", .steady(1),
            [("interface", ["net0"]), ("model", ["virtio-net-pci"]), ("bridge", ["br0"])]),
        Metric("evenkeel_vm_network_bytes_total", .counter(1e6), [("interface", ["net0"]), ways]),
        Metric("evenkeel_vm_network_packets_total", .counter(1e3), [("interface", ["net0"]), ways]),
        Metric("evenkeel_vm_network_drops_total", .trouble(50), [("interface", ["net0"]), ways]),
    ]

    private struct Series {
        let wire: RemoteWriteEncoder.Series
        let shape: Shape
        var value: Double
    }

    private var encoder = RemoteWriteEncoder()
    private var hosts: [[Series]] = []
    private var dice = SeededGenerator(seed: 42)

    /// `hosts` hosts with the metrics of `wanted`, or all of them.
    init(hosts count: Int, metrics wanted: Set<String>? = nil) {
        func isWanted(_ metric: Metric) -> Bool { wanted?.contains(metric.name) ?? true }
        let (ofHost, ofMachine) = (Self.ofHost.filter(isWanted), Self.ofMachine.filter(isWanted))
        for number in 0..<count {
            var series: [Series] = []
            let host = ["host": "host-\(number)", "cluster": Self.cluster(ofHost: number)]
            for metric in ofHost { add(metric, of: number, host, to: &series) }
            for machine in 0..<Self.machinesOfHost {
                let labels = host.merging(["vm": "\(number)-\(machine)", "name": "vm-\(number)-\(machine)"]) { $1 }
                for metric in ofMachine {
                    add(metric, of: number * Self.machinesOfHost + machine, labels, to: &series)
                }
            }
            hosts.append(series)
        }
    }

    private mutating func add(
        _ metric: Metric, of number: Int, _ place: [String: String], to series: inout [Series]
    ) {
        for combination in metric.combinations {
            let labels = combination.merging(place) { $1 }.merging([Labels.metricName: metric.name]) { $1 }
            let value: Double
            switch metric.shape {
            case .counter(let rate): value = rate * 1e6 * unit()
            case .gauge(let mean), .steady(let mean): value = mean
            case .trouble: value = 3
            }
            var shape = metric.shape
            if case .trouble(let rate) = shape { shape = number % 50 == 7 ? .counter(rate) : .steady(3) }
            series.append(Series(wire: encoder.register(Labels(labels)), shape: shape, value: value))
        }
    }

    /// How many series there are.
    var seriesCount: Int { hosts.reduce(0) { $0 + $1.count } }

    /// The requests that carry a sample of every series, one for each host; `seconds` after the ones before.
    mutating func requests(at moment: Int64, seconds: Double) -> [[UInt8]] {
        hosts.indices.map { host in
            for place in hosts[host].indices {
                switch hosts[host][place].shape {
                case .counter(let rate): hosts[host][place].value += rate * seconds * (0.5 + unit())
                case .gauge(let mean): hosts[host][place].value = mean * (0.9 + 0.2 * unit())
                case .steady, .trouble: break
                }
                let series = hosts[host][place]
                encoder.append(series.wire, time: moment, value: (series.value * 1e6).rounded() / 1e6)
            }
            return encoder.finish()
        }
    }

    /// Evenly from 0 up to 1.
    private mutating func unit() -> Double { Double.random(in: 0..<1, using: &dice) }
}
