import FleetModel
import Testing

@testable import Counters

@Suite("What is kept of the seconds of an interval")
struct PeakTests {
    @Test func `mean, highest and 95th percentile of ten seconds`() throws {
        var share = ShareOfTime()
        var (part, whole): (Int64, Int64) = (1000, 5000)
        share.take(part: part, whole: whole)
        for second in 1...10 as ClosedRange<Int64> {
            part += second * 10
            whole += 100
            share.take(part: part, whole: whole)
        }
        let finished = share.finish()
        let summary = try #require(finished)
        #expect(abs(summary.average - 0.55) < 1e-12)
        #expect(summary.maximum == 1)
        // quantile_over_time(0.95, ...) of 0.1, 0.2, ... 1.0
        #expect(abs(summary.percentile95 - 0.955) < 1e-12)
        let next = share.finish()
        #expect(next == nil, "the next interval begins with nothing")
    }

    @Test func `a long second is no peak, for each second counts by its own length`() throws {
        var share = ShareOfTime()
        share.take(part: 0, whole: 0)
        share.take(part: 50, whole: 1000)
        share.take(part: 100, whole: 1100)
        let finished = share.finish()
        let summary = try #require(finished)
        #expect(summary.maximum == 0.5)
        #expect(abs(summary.average - 100.0 / 1100) < 1e-12)
    }

    @Test func `what runs backwards or stands still is no second, and no share is above one`() throws {
        var share = ShareOfTime()
        share.take(part: 500, whole: 1000)
        share.take(part: 400, whole: 1100)
        share.take(part: 450, whole: 1100)
        let unknown = share.finish()
        #expect(unknown == nil)
        share.take(part: 999, whole: 1200)
        let whole = share.finish()
        #expect(whole == ShareOfTime.Summary(average: 1, maximum: 1, percentile95: 1))
    }

    @Test func `milliseconds of 32 bits go on where they begin anew, and a reset stays one`() {
        var times = WrappingMilliseconds()
        #expect(Self.unwrap(&times, 4_294_967_000) == 4_294_967_000)
        #expect(Self.unwrap(&times, 200) == 4_294_967_496)
        #expect(Self.unwrap(&times, 300) == 4_294_967_596)
        #expect(Self.unwrap(&times, 0) == 0, "a disk that came back counts from nothing")
        var long = WrappingMilliseconds()
        #expect(Self.unwrap(&long, 5_000_000_000) == 5_000_000_000)
        #expect(Self.unwrap(&long, 100) == 100, "a count that is wider was reset")
    }

    private static func unwrap(_ times: inout WrappingMilliseconds, _ value: Int64) -> Int64 { times.unwrap(value) }

    @Test func `a short stall shows between two intervals, though nothing of it is told by the second`() throws {
        let tree = try FrozenTree()
        func write(_ second: Int, busy: Int, stall: Int) throws {
            try tree.write(
                """
                == stat
                cpu0 \(busy) 0 0 \(second * 100 - busy) 0 0 0 0 0 0
                == meminfo
                MemTotal: 2048 kB
                MemAvailable: \(second == 5 ? 100 : 1000) kB
                == pressure/io
                some avg10=0.00 avg60=0.00 avg300=0.00 total=\(stall)
                full avg10=0.00 avg60=0.00 avg300=0.00 total=0
                """)
        }
        var sampler = HostSampler(SamplerOptions(procFolder: tree.folder, sysFolder: tree.folder + "/sys"))
        var sample = HostSample()
        for second in 0...10 {
            try write(second, busy: second >= 5 ? 100 : 0, stall: second >= 5 ? 800_000 : 0)
            let moment = SampleMoment(ticks: Int64(second) * 100, nanoseconds: Int64(second) * 1_000_000_000)
            sampler.look(second % 10 == 0 ? .whole : .second, [], at: moment, into: &sample)
            if second % 10 != 0 { #expect(sample.readings.isEmpty) }
        }
        let values = Dictionary(sample.readings.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        #expect(values[SeriesKey(.logicalProcessorBusy, .logicalProcessorStatistic(0, .maximum))] == 1)
        #expect(values[SeriesKey(.logicalProcessorBusy, .logicalProcessorStatistic(0, .average))] == 0.1)
        #expect(values[SeriesKey(.hostBusy, .hostStatistic(.maximum))] == 1)
        #expect(values[SeriesKey(.pressureRatio, .pressureStatistic(.io, .some, .maximum))] == 0.8)
        #expect(values[SeriesKey(.memoryAvailableMinimum)] == 102_400)
        #expect(values[SeriesKey(.memoryAvailable)] == 1_024_000)
    }
}

@Suite("What a command line says of a machine")
struct CommandLineTests {
    private func read(_ arguments: String...) -> QEMUCommandLine? {
        QEMUCommandLine(parsing: Array(arguments.map { $0 + "\0" }.joined().utf8).span)
    }

    @Test func `name, identity, size and origin`() throws {
        let line = try #require(
            read(
                "/usr/bin/qemu-system-x86_64", "-name", "guest=web 1,debug-threads=on", "-uuid",
                "AAAAAAAA-BBBB-4CCC-8DDD-EEEEEEEEEEEE", "-m", "size=2097152k,slots=4", "-smp", "4,sockets=2",
                "-machine", "pc-q35-7.2,accel=kvm", "-cpu", "host,pmu=off", "-incoming", "defer"))
        #expect(line.name == "web 1")
        #expect(line.identity?.text == "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee")
        #expect(line.memory == .gibibytes(2))
        #expect(line.virtualProcessors == 4)
        #expect(line.machineType == "pc-q35-7.2")
        #expect(line.processorModel == "host")
        #expect(line.accelerator == .kvm)
        #expect(line.isIncoming)
    }

    @Test(arguments: [
        ("512", Bytes.mebibytes(512)), ("4G", .gibibytes(4)), ("size=1T", .gibibytes(1024)), ("x", .mebibytes(128)),
        ("9999999999999T", .mebibytes(128)), ("-5", .mebibytes(128)), ("", .mebibytes(128)),
    ])
    func `memory as QEMU reads it, or QEMU's default`(_ text: String, _ memory: Bytes) throws {
        #expect(try #require(read("qemu-kvm", "-m", text)).memory == memory)
    }

    @Test func `what is missing has QEMU's defaults, and nonsense changes nothing`() throws {
        let line = try #require(read("qemu-system-x86_64", "-smp", "cpus=100000", "-uuid", "x", "-name"))
        #expect(line.virtualProcessors == 1)
        #expect(line.identity == nil)
        #expect(line.name == nil)
        #expect(!line.isIncoming)
        #expect(read("/bin/sh", "-name", "web") == nil)
    }
}
