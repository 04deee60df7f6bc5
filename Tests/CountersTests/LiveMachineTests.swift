import FleetModel
import Foundation
import Testing

@testable import Counters

/// A real QEMU on one logical processor whose guest does nothing but jump to itself.
private final class SpinningMachine {
    static let program = "/usr/bin/qemu-system-x86_64"
    static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: program) }
    static var hasKVM: Bool { FileManager.default.isWritableFile(atPath: "/dev/kvm") }

    let process = Process()
    private let firmware = NSTemporaryDirectory() + "evenkeel-spin-" + UUID().uuidString

    /// Starts it and waits until its vCPU thread has its name and has run for a while.
    init(_ accelerator: Accelerator, on processor: Int) async throws {
        // The reset vector lies 16 bytes before the end: `jmp .`
        var image = [UInt8](repeating: 0xf4, count: 65_536)
        image.replaceSubrange(65_520..<65_522, with: [0xeb, 0xfe])
        try Data(image).write(to: URL(fileURLWithPath: firmware))
        process.executableURL = URL(fileURLWithPath: "/usr/bin/taskset")
        process.arguments = [
            "-c", String(processor), Self.program, "-accel", accelerator.rawValue, "-cpu", "qemu64", "-m", "16",
            "-name", "spin,debug-threads=on", "-nodefaults", "-display", "none", "-bios", firmware,
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let deadline = ContinuousClock.now + .seconds(30)
        while try processorSeconds() < 0.3 {
            try #require(process.isRunning && ContinuousClock.now < deadline, "its vCPU never ran")
            await Task.yield()
        }
    }

    deinit {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        try? FileManager.default.removeItem(atPath: firmware)
    }

    /// Run time of the vCPU thread by its own schedstat, read the plain way.
    func processorSeconds() throws -> Double {
        let tasks = "/proc/\(process.processIdentifier)/task"
        for task in (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? [] {
            let name = (try? String(contentsOfFile: "\(tasks)/\(task)/comm", encoding: .utf8)) ?? ""
            guard name.hasPrefix("CPU 0/") else { continue }
            let text = (try? String(contentsOfFile: "\(tasks)/\(task)/schedstat", encoding: .utf8)) ?? ""
            return (text.split(separator: " ").first.flatMap { Double($0) } ?? 0) / 1e9
        }
        return 0
    }
}

@Suite("Real machines", .serialized, .enabled(if: SpinningMachine.isInstalled, "needs qemu-system-x86_64"))
struct LiveMachineTests {
    private func readings(_ sample: HostSample) -> [SeriesKey: Double] {
        Dictionary(sample.readings.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    private func check(_ accelerator: Accelerator, isManaged: Bool) async throws {
        let machine = try await SpinningMachine(accelerator, on: 0)
        let id = try #require(VirtualMachineID("00000000-0000-4000-8000-000000000001"))
        let status = VirtualMachineStatus(
            definition: VirtualMachineDefinition(
                id: id, name: try #require(Name("spin")), virtualProcessors: 1, memory: .mebibytes(16)),
            state: .running, accelerator: accelerator, process: machine.process.processIdentifier)
        var sampler = HostSampler()
        let machines = isManaged ? [status] : []
        _ = sampler.sample(machines)
        var span = WallSpan()
        let before = try machine.processorSeconds()
        let first = readings(span.begin { sampler.sample(machines) })
        try await Task.sleep(for: .seconds(2))  // the window that is measured
        let second = readings(span.end { sampler.sample(machines) })
        let own = try machine.processorSeconds() - before
        let wall = span.longest

        func growth(_ key: SeriesKey) -> Double? {
            second[key].flatMap { after in first[key].map { after - $0 } }
        }
        func mode(_ mode: RunTimeMode) -> Double? {
            growth(SeriesKey(.logicalProcessorRun, .runTime(logicalProcessor: 0, mode)))
        }
        let virtual = [RunTimeMode.guest, .hypervisor, .virtual].compactMap(mode).reduce(0, +)
        // Other machines may run on this logical processor as well, never less than this one.
        #expect(virtual >= own - 0.05 * wall, "\(virtual) s of VMs beside \(own) s of this one in \(wall) s")
        let total = RunTimeMode.allCases.compactMap(mode).reduce(0, +)
        #expect(span.allows(total), "\(total) s of modes in \(span)")
        if accelerator == .tcg, let guest = mode(.guest) {
            #expect(guest > 0.8 * own, "a translated guest runs in user mode")
        }
        if accelerator == .kvm {
            let isSplit = (mode(.guest) ?? 0) > 0.01 * own
            #expect(isSplit || (mode(.virtual) ?? 0) > 0.9 * own, "what cannot be seen is not reported as zero")
        }
        guard isManaged else { return }
        let reported = try #require(growth(SeriesKey(.virtualProcessorRun, .virtualProcessor(id, 0))))
        #expect(abs(reported - own) < 0.03 * wall)
        let waited = try #require(growth(SeriesKey(.virtualProcessorWait, .virtualProcessor(id, 0))))
        #expect(waited + reported < wall * 1.05, "a thread runs or waits")
        #expect((second[SeriesKey(.machineResidentMemory, .machine(id))] ?? 0) > 1_000_000)
    }

    @Test func `a translated machine's time is guest time`() async throws {
        try await check(.tcg, isManaged: true)
    }

    @Test func `a machine that nobody manages is no part of root`() async throws {
        try await check(.tcg, isManaged: false)
    }

    @Test(.enabled(if: SpinningMachine.hasKVM, "needs /dev/kvm"))
    func `a machine under KVM is guest, or virtual where the kernel sees no guest code`() async throws {
        try await check(.kvm, isManaged: true)
    }
}
