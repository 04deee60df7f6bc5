import FleetModel
import Foundation
import Testing

@testable import Counters

@Suite("The real machine", .serialized)
struct LiveTests {
    /// Burns one logical processor with a process of its own until told to end.
    private final class BusyLoop {
        let process = Process()

        init(on processor: Int, arguments: [String]) throws {
            process.executableURL = URL(fileURLWithPath: "/usr/bin/taskset")
            process.arguments = ["-c", String(processor)] + arguments
            process.standardOutput = FileHandle.nullDevice
            try process.run()
        }

        deinit {
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
    }

    /// Two samples, `seconds` of real time apart or as much more as it takes until `isEnough`, and the growth of each
    /// mode of `processor` between them.
    private func growth(
        of processor: Int, over seconds: Double, machines: [VirtualMachineStatus] = [], options: SamplerOptions,
        isEnough: () throws -> Bool = { true }
    ) async throws -> (modes: [RunTimeMode: Double], wall: WallSpan) {
        func times(_ sample: HostSample) -> [RunTimeMode: Double] {
            var found: [RunTimeMode: Double] = [:]
            for reading in sample.readings {
                if case .runTime(processor, let mode) = reading.key.subject { found[mode] = reading.value }
            }
            return found
        }
        var sampler = HostSampler(options)
        var wall = WallSpan()
        let first = times(wall.begin { sampler.sample(machines) })
        repeat { try await Task.sleep(for: .seconds(seconds)) } while try !isEnough()
        let second = times(wall.end { sampler.sample(machines) })
        return (second.merging(first) { $0 - $1 }, wall)
    }

    @Test func `a busy logical processor shows busy, and its modes add up to wall time`() async throws {
        let loop = try BusyLoop(on: 0, arguments: ["sh", "-c", "while :; do :; done"])
        defer { _ = loop }
        let (modes, wall) = try await growth(
            of: 0, over: 1.5, options: SamplerOptions(logicalProcessors: LogicalProcessorSet([0])))
        let total = modes.values.reduce(0, +)
        #expect(wall.allows(total), "\(modes) in \(wall)")
        let idle = modes[.idle] ?? 0
        #expect(idle / total < 0.1, "\(modes) in \(wall)")
    }

    private static let python = "/usr/bin/python3"

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: python), "needs \(python) to name a thread"))
    func `a thread of one's own that is called a vCPU is charged as guest, as its own files say`() async throws {
        // A process that looks like a translated machine: QEMU's name, and a main thread that is called a vCPU.
        let script = """
            import ctypes
            ctypes.CDLL(None).prctl(15, b"CPU 0/TCG", 0, 0, 0)
            while True: pass
            """
        let loop = try BusyLoop(on: 0, arguments: [Self.python, "-c", script])
        let process = loop.process.processIdentifier
        let deadline = ContinuousClock.now + .seconds(20)
        while try String(contentsOfFile: "/proc/\(process)/comm", encoding: .utf8) != "CPU 0/TCG\n" {
            try #require(ContinuousClock.now < deadline, "it never took its name")
            await Task.yield()
        }
        let machine = VirtualMachineStatus(
            definition: VirtualMachineDefinition(
                id: try #require(VirtualMachineID("00000000-0000-4000-8000-000000000001")),
                name: try #require(Name("busy")), virtualProcessors: 1, memory: .mebibytes(16)),
            state: .running, accelerator: .tcg, process: process)
        let before = try runSeconds(process)
        let (modes, wall) = try await growth(
            of: 0, over: 1.5, machines: [machine], options: SamplerOptions(logicalProcessors: LogicalProcessorSet([0])),
            isEnough: { try runSeconds(process) - before > 0.3 })
        let own = try runSeconds(process) - before
        let virtual = (modes[.guest] ?? 0) + (modes[.hypervisor] ?? 0)
        #expect(abs(virtual - own) <= 0.1 * wall.longest, "\(modes) beside \(own) s of the thread itself")
    }

    private func runSeconds(_ process: Int32) throws -> Double {
        let text = try String(contentsOfFile: "/proc/\(process)/schedstat", encoding: .utf8)
        return (Double(text.split(separator: " ").first ?? "") ?? 0) / 1e9
    }

    @Test func `this machine's memory and logical processors are read`() throws {
        var sampler = HostSampler()
        let sample = sampler.sample([])
        #expect(sample.problems.isEmpty)
        #expect(sample.logicalProcessors == ProcessInfo.processInfo.activeProcessorCount)
        #expect(sample.memory == Bytes(Int64(ProcessInfo.processInfo.physicalMemory)))
    }
}
