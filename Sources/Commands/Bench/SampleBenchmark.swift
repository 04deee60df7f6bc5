import Counters
import FleetModel
import Foundation
import HTTPClient
import HostAgent

/// Measures what looks at a host cost: the thread's own CPU time, look by look.
struct SampleBenchmark {
    /// CPU microseconds of one look.
    struct Cost: Encodable {
        /// By the second.
        var second: Double
        /// At an interval's end.
        var whole: Double
        /// At an interval's end, with the request that carries it to the server.
        var encoded: Double

        static func - (left: Cost, right: Cost) -> Cost {
            Cost(
                second: left.second - right.second, whole: left.whole - right.whole,
                encoded: left.encoded - right.encoded)
        }

        static func / (left: Cost, count: Int) -> Cost {
            let count = Double(count)
            return Cost(second: left.second / count, whole: left.whole / count, encoded: left.encoded / count)
        }
    }

    /// What was measured.
    struct Report: Encodable {
        var machine: Cost
        /// What each guest of two virtual processors adds; `nil` where none was started.
        var guest: Cost?
        var large: Cost
        /// CPU microseconds that a scrape costs node_exporter; `nil` where it is not installed.
        var exporterScrape: Double?
        /// Bytes.
        var resident: Int64
    }

    /// Memory of many looks.
    struct Soak: Encodable {
        var looks: Int
        var residentBefore: Int64
        var residentAfter: Int64
    }

    let looks: Int

    mutating func run(guests: Int) async throws -> Report {
        let machine = cost(of: SamplerOptions())
        let resident = OwnMemory.resident()?.count ?? 0
        var guest: Cost?
        if guests > 0 {
            let started = try IdleGuests(guests)
            defer { started.end() }
            guest = (cost(of: SamplerOptions()) - machine) / guests
        }
        let exporter = try await NodeExporter.scrapeCost(scrapes: looks)
        let tree = try LargeHostTree()
        let large = cost(
            of: SamplerOptions(procFolder: tree.folder + "/proc", sysFolder: tree.folder + "/sys"))
        return Report(
            machine: machine, guest: guest, large: large, exporterScrape: exporter, resident: resident)
    }

    /// Looks without anything around it.
    func onlyLook() {
        var sampler = HostSampler()
        var sample = HostSample()
        for _ in 0..<looks { sampler.look(.second, [], into: &sample) }
    }

    /// Looks and encodes, and says what memory that took after a tenth and after all.
    func soak() -> Soak {
        var sampler = HostSampler()
        var sample = HostSample()
        var recorder = Self.recorder
        var before: Int64 = 0
        for look in 1...looks {
            sampler.look(look % 10 == 0 ? .whole : .second, [], into: &sample)
            if look % 10 == 0 { Self.encode(sample, look, &recorder) }
            if look == max(1, looks / 10) { before = OwnMemory.resident()?.count ?? 0 }
        }
        return Soak(looks: looks, residentBefore: before, residentAfter: OwnMemory.resident()?.count ?? 0)
    }

    private func cost(of options: SamplerOptions) -> Cost {
        var sampler = HostSampler(options)
        var sample = HostSample()
        var recorder = Self.recorder
        // The first looks open files and find processes.
        for look in 1...5 {
            sampler.look(.whole, [], into: &sample)
            Self.encode(sample, look, &recorder)
        }
        let second = microseconds { _ in sampler.look(.second, [], into: &sample) }
        let whole = microseconds { _ in sampler.look(.whole, [], into: &sample) }
        let encoded = microseconds { look in
            sampler.look(.whole, [], into: &sample)
            Self.encode(sample, 5 + look, &recorder)
        }
        return Cost(second: second, whole: whole, encoded: encoded)
    }

    private func microseconds(_ body: (Int) -> Void) -> Double {
        let begin = Self.threadNanoseconds
        for look in 1...looks { body(look) }
        return Double(Self.threadNanoseconds - begin) / 1000 / Double(looks)
    }

    private static var recorder: SampleRecorder {
        SampleRecorder(
            labels: ["cluster": "bench", "host": "this"])
    }

    private static func encode(_ sample: HostSample, _ look: Int, _ recorder: inout SampleRecorder) {
        var names: [VirtualMachineID: String] = [:]
        for machine in sample.unmanaged { names[machine.definition.id] = machine.definition.name.text }
        _ = recorder.encode(sample.readings, names: names, time: Timestamp(milliseconds: Int64(look) * 10_000))
    }

    private static var threadNanoseconds: Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// QEMU processes with two virtual processors each that stand still: what costs is looking at them.
final class IdleGuests {
    private var processes: [Process] = []

    /// Starts `count` guests and returns when their threads are there.
    init(_ count: Int) throws {
        for _ in 0..<count {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/qemu-system-x86_64")
            process.arguments = [
                "-accel", "tcg,thread=multi", "-smp", "2", "-m", "16", "-nodefaults", "-display", "none", "-S",
                "-name", "bench,debug-threads=on", "-monitor", "none", "-serial", "none",
            ]
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = FileHandle.nullDevice
            do {
                try process.run()
            } catch {
                end()
                throw CommandFailure(.environment, "cannot start qemu-system-x86_64: \(error.localizedDescription)")
            }
            processes.append(process)
        }
        try waitForThreads()
    }

    private func waitForThreads() throws {
        let deadline = ContinuousClock.now + .seconds(30)
        for process in processes {
            let folder = "/proc/\(process.processIdentifier)/task"
            while threads(folder).filter({ $0.hasPrefix("CPU ") }).count < 2 {
                guard process.isRunning, ContinuousClock.now < deadline else {
                    end()
                    throw CommandFailure(.environment, "a guest for the measurement did not come up")
                }
                usleep(10_000)
            }
        }
    }

    private func threads(_ folder: String) -> [String] {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return tasks.compactMap { try? String(contentsOfFile: "\(folder)/\($0)/comm", encoding: .utf8) }
    }

    /// Ends them all.
    func end() {
        for process in processes where process.isRunning { kill(process.processIdentifier, SIGKILL) }
        for process in processes { process.waitUntilExit() }
        processes = []
    }
}

/// Debian's prometheus-node-exporter with three collectors, scraped on loopback.
enum NodeExporter {
    private static let program = "/usr/bin/prometheus-node-exporter"

    /// CPU microseconds that it takes for a scrape, by the kernel's books of its threads; `nil` where it is not there.
    static func scrapeCost(scrapes: Int) async throws -> Double? {
        guard FileManager.default.isExecutableFile(atPath: program) else { return nil }
        let port = try LoopbackPort.anyFree()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = [
            "--web.listen-address=127.0.0.1:\(port)", "--collector.disable-defaults", "--collector.cpu",
            "--collector.meminfo", "--collector.stat", "--web.disable-exporter-metrics",
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        defer {
            process.terminate()
            process.waitUntilExit()
        }
        let client = HTTPClient()
        defer { client.close() }
        let request = HTTPRequest(.get, "http://127.0.0.1:\(port)/metrics")
        let deadline = ContinuousClock.now + .seconds(20)
        while (try? await client.send(request).requireSuccess()) == nil {
            guard process.isRunning, ContinuousClock.now < deadline else {
                throw CommandFailure(.environment, "prometheus-node-exporter did not come up")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        for _ in 0..<10 { try await client.send(request).requireSuccess() }
        let begin = runNanoseconds(of: process.processIdentifier)
        for _ in 0..<scrapes { try await client.send(request).requireSuccess() }
        return Double(runNanoseconds(of: process.processIdentifier) - begin) / 1000 / Double(scrapes)
    }

    private static func runNanoseconds(of process: Int32) -> Int64 {
        let folder = "/proc/\(process)/task"
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return tasks.reduce(0) { sum, task in
            let text = (try? String(contentsOfFile: "\(folder)/\(task)/schedstat", encoding: .utf8)) ?? ""
            return sum + (text.split(separator: " ").first.flatMap { Int64($0) } ?? 0)
        }
    }
}
