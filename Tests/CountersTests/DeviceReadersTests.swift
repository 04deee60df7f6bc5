import FleetModel
import Foundation
import Testing

@testable import Counters

@Suite("What a machine has besides processors and memory, over frozen trees")
struct DeviceReadersTests {
    private static let readers = Set([Reader.paging, .pressure, .disks, .interfaces].map(\.rawValue))

    /// What the readers of the machine as a whole found, as text, one a line, sorted.
    private func golden(_ sample: HostSample) -> [String] {
        sample.readings.filter { ![.readerDuration, .pressureRatio].contains($0.key.counter) }
            .map { ($0.key.labels(host: [:], machineName: ""), $0.value) }
            .filter { labels, _ in
                let metric = labels.metric ?? ""
                let isDevice = ["load", "swapped", "faults", "oom", "pressure", "disk", "network"].contains {
                    metric.contains("host_\($0)") || metric.contains("_\($0)_")
                }
                return isDevice || Self.readers.contains(labels["reader"] ?? "")
            }
            .map { "\($0) \($1)" }.sorted()
    }

    private func write(_ tree: FrozenTree) throws {
        try tree.write(
            """
            == stat
            cpu0 1 0 1 1 0 0 0 0 0 0
            == meminfo
            MemTotal: 1024 kB
            """)
    }

    private func sampler(_ tree: FrozenTree, part: LogicalProcessorSet? = nil) -> HostSampler {
        HostSampler(
            SamplerOptions(
                logicalProcessors: part, procFolder: tree.folder, sysFolder: tree.folder + "/sys"))
    }

    @Test func `a whole machine tells of paging, waiting, disks and networks`() throws {
        let tree = try FrozenTree()
        try write(tree)
        for name in ["vda", "loop0"] { try tree.put("", at: "sys/block/\(name)/size") }
        try tree.write(
            """
            == loadavg
            0.50 1.25 2.00 3/400 1234
            == vmstat
            pgpgin 10
            pswpin 7
            pswpout 9
            pgmajfault 11
            oom_kill 2
            == pressure/cpu
            some avg10=1.00 avg60=2.00 avg300=3.00 total=1500000
            full avg10=0.00 avg60=0.00 avg300=0.00 total=0
            == pressure/io
            some avg10=0.00 avg60=0.00 avg300=0.00 total=250000
            full avg10=0.00 avg60=0.00 avg300=0.00 total=125000
            == diskstats
             254       0 vda 100 5 2048 300 200 6 4096 900 0 700 1200 0 0 0 0 0 0
             254       1 vda1 90 5 2000 290 190 6 4000 890 0 690 1190 0 0 0 0 0 0
               7       0 loop0 1 0 8 1 0 0 0 0 0 1 1 0 0 0 0 0 0
            == net/dev
            Inter-|   Receive                                                |  Transmit
             face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
                lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0
              eth0:    5000      50    1    2    0     0          0         0     6000      60    3    4    0     0       0          0
            """)
        var sampler = sampler(tree)
        let sample = sampler.sample([])
        #expect(sample.problems.isEmpty)
        #expect(
            golden(sample) == [
                #"evenkeel_agent_reader_success{reader="disks"} 1.0"#,
                #"evenkeel_agent_reader_success{reader="interfaces"} 1.0"#,
                #"evenkeel_agent_reader_success{reader="paging"} 1.0"#,
                #"evenkeel_agent_reader_success{reader="pressure"} 1.0"#,
                #"evenkeel_host_disk_busy_seconds_total{device="vda"} 0.7"#,
                #"evenkeel_host_disk_bytes_total{device="vda", direction="read"} 1048576.0"#,
                #"evenkeel_host_disk_bytes_total{device="vda", direction="written"} 2097152.0"#,
                #"evenkeel_host_disk_queue_length{device="vda"} 0.0"#,
                #"evenkeel_host_disk_request_seconds_total{device="vda", direction="read"} 0.3"#,
                #"evenkeel_host_disk_request_seconds_total{device="vda", direction="written"} 0.9"#,
                #"evenkeel_host_disk_requests_total{device="vda", direction="read"} 100.0"#,
                #"evenkeel_host_disk_requests_total{device="vda", direction="written"} 200.0"#,
                #"evenkeel_host_load{window="15m"} 2.0"#, #"evenkeel_host_load{window="1m"} 0.5"#,
                #"evenkeel_host_load{window="5m"} 1.25"#, "evenkeel_host_major_faults_total 11.0",
                #"evenkeel_host_network_bytes_total{direction="received", interface="eth0"} 5000.0"#,
                #"evenkeel_host_network_bytes_total{direction="sent", interface="eth0"} 6000.0"#,
                #"evenkeel_host_network_drops_total{direction="received", interface="eth0"} 2.0"#,
                #"evenkeel_host_network_drops_total{direction="sent", interface="eth0"} 4.0"#,
                #"evenkeel_host_network_errors_total{direction="received", interface="eth0"} 1.0"#,
                #"evenkeel_host_network_errors_total{direction="sent", interface="eth0"} 3.0"#,
                #"evenkeel_host_network_packets_total{direction="received", interface="eth0"} 50.0"#,
                #"evenkeel_host_network_packets_total{direction="sent", interface="eth0"} 60.0"#,
                "evenkeel_host_oom_kills_total 2.0", #"evenkeel_host_pages_swapped_total{direction="in"} 7.0"#,
                #"evenkeel_host_pages_swapped_total{direction="out"} 9.0"#,
                #"evenkeel_host_pressure_seconds_total{resource="cpu", stall="full"} 0.0"#,
                #"evenkeel_host_pressure_seconds_total{resource="cpu", stall="some"} 1.5"#,
                #"evenkeel_host_pressure_seconds_total{resource="io", stall="full"} 0.125"#,
                #"evenkeel_host_pressure_seconds_total{resource="io", stall="some"} 0.25"#,
            ])
    }

    @Test func `a kernel without these files has no such series and no problem`() throws {
        let tree = try FrozenTree()
        try write(tree)
        var sampler = sampler(tree)
        let sample = sampler.sample([])
        #expect(sample.problems.isEmpty)
        #expect(golden(sample) == Self.readers.sorted().map { "evenkeel_agent_reader_success{reader=\"\($0)\"} 1.0" })
    }

    @Test func `a reader that fails says so and leaves the others alone`() throws {
        let tree = try FrozenTree()
        try write(tree)
        try tree.put("garbage\n", at: "loadavg")
        try tree.put("some avg10=0.00 avg60=0.00 avg300=0.00 total=3000000\n", at: "pressure/memory")
        var sampler = sampler(tree)
        let sample = sampler.sample([])
        #expect(Set(sample.problems.keys) == [.paging])
        #expect(golden(sample).contains(#"evenkeel_host_pressure_seconds_total{resource="memory", stall="some"} 3.0"#))
        #expect(golden(sample).contains(#"evenkeel_agent_reader_success{reader="paging"} 0.0"#))
    }

    @Test func `a part of a machine does not have the machine's devices`() throws {
        let tree = try FrozenTree()
        try write(tree)
        try tree.put("0.50 1.25 2.00 3/400 1234\n", at: "loadavg")
        var sampler = sampler(tree, part: try LogicalProcessorSet(parsing: "0"))
        #expect(golden(sampler.sample([])).isEmpty)
    }

    @Test func `every counter of the catalogue has labels and words`() {
        for counter in Counter.allCases {
            let entry = counter.entry
            #expect(!entry.help.isEmpty && entry.help.hasSuffix(".") && !entry.unit.isEmpty && !entry.source.isEmpty)
            #expect(entry.kind == .counter || !entry.name.hasSuffix("_total"))
        }
        #expect(Set(Counter.allCases.map(\.rawValue)).count == Counter.allCases.count)
    }
}
