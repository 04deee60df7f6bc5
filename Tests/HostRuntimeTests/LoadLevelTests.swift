import Counters
import FleetModel
import FoundationEssentials
import Glibc
import Testing

@testable import HostRuntime

/// A real guest at set loads, pinned to a logical processor, looked at by the sampler and, over the same window, by the
/// plainest reading of the kernel's files that there is.
@Suite("Counters of a guest at set loads", .serialized, .timeLimit(.minutes(3))) struct LoadLevelTests {
    /// Points of a logical processor that the two may differ by.
    private static let tolerance = 0.03

    private struct Window {
        var wall: Double
        var run: Double
        var wait: Double
        var process: Double
        /// All of `/proc/stat` of the logical processor.
        var booked = 0.0
    }

    @Test(arguments: [Accelerator.tcg, .kvm])
    func agreeWithTheKernelAndFollowTheLoad(_ accelerator: Accelerator) async throws {
        // Without /dev/kvm there is nothing of KVM to look at.
        if accelerator == .kvm, kvmProblem != nil { return }
        let choice: AcceleratorChoice = accelerator == .kvm ? .kvm : .tcg
        try await withHosts(
            "a",
            configure: { configuration in
                configuration.logicalProcessors = [0]
                configuration.accelerator = choice
            }
        ) { hosts in
            let (host, vm) = (hosts[0], try pulse(near: hosts[0].folder, accelerator: choice))
            #expect(await host.answer(.start(vm)).isDone)
            let process = try await host.process(vm.id).identifier
            let group = OwnGroup(process)
            let console = try PulseConsole(path: host.runtime.consolePath(of: vm.id))
            var lines = console.lines.makeAsyncIterator()
            _ = await lines.next()
            var demands: [Double] = []
            for percent in [0, 25, 50, 100, 0] {
                try console.send(.burn(percent: percent))
                try await hear(&lines, until: percent)
                // A second to learn what work costs.
                for _ in 0..<100 { _ = await lines.next() }
                let status = await host.runtime.virtualMachines()
                let window = try await compare(status, vm.id, process, group, &lines)
                demands.append((window.run + window.wait) / window.wall)
            }
            // Translated, or emulated by a KVM without hardware, work costs more than its share says; more is more.
            for (less, more) in [(0, 1), (1, 2), (2, 3), (4, 1)] {
                #expect(demands[more] > demands[less] + 0.05, "\(demands)")
            }
        }
    }

    /// Two looks with 200 ticks of the guest between them, each between two plain readings.
    private func compare(
        _ machines: [VirtualMachineStatus], _ id: VirtualMachineID, _ process: Int32, _ group: OwnGroup?,
        _ lines: inout AsyncStream<PulseConsole.Heard>.Iterator
    ) async throws -> Window {
        var sampler = HostSampler()
        _ = sampler.sample(machines)
        let before = try plain(process)
        let first = readings(sampler.sample(machines))
        let groupBefore = group?.seconds(on: 0)
        for _ in 0..<200 { _ = await lines.next() }
        let after = try plain(process)
        let second = readings(sampler.sample(machines))
        let groupAfter = group?.seconds(on: 0)
        let wall = after.wall - before.wall
        func growth(_ counter: Counter, _ subject: SeriesKey.Subject) -> Double {
            (second[SeriesKey(counter, subject)] ?? 0) - (first[SeriesKey(counter, subject)] ?? 0)
        }
        let run = growth(.virtualProcessorRun, .virtualProcessor(id, 0))
        let wait = growth(.virtualProcessorWait, .virtualProcessor(id, 0))
        #expect(abs(run - (after.run - before.run)) < Self.tolerance * wall, "run time of the virtual processor")
        #expect(abs(wait - (after.wait - before.wait)) < Self.tolerance * wall, "its waiting")
        // Other machines of this host may run on the logical processor too, never less than this one does.
        let virtual = [RunTimeMode.guest, .hypervisor, .virtual].reduce(0.0) { sum, mode in
            sum + growth(.logicalProcessorRun, .runTime(logicalProcessor: 0, mode))
        }
        let own = groupBefore.flatMap { before in groupAfter.map { $0 - before } } ?? (after.process - before.process)
        #expect(virtual > own - Self.tolerance * wall, "\(virtual) s of VMs, \(own) s of this one in \(wall) s")
        let total = RunTimeMode.allCases.reduce(0.0) { sum, mode in
            sum + growth(.logicalProcessorRun, .runTime(logicalProcessor: 0, mode))
        }
        // The kernel's own books of the logical processor: they are wall time to a tick, where it has the time to keep
        // them; a machine that is itself a guest of a busy one may lose some.
        let booked = after.booked - before.booked
        #expect(abs(total - booked) < 0.04, "\(total) s of modes, \(booked) s in /proc/stat, \(wall) s of wall time")
        return Window(wall: wall, run: run, wait: wait, process: own)
    }

    private func readings(_ sample: HostSample) -> [SeriesKey: Double] {
        Dictionary(sample.readings.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    /// The vCPU thread's schedstat and all threads' together, by the shortest way.
    private func plain(_ process: Int32) throws -> Window {
        var window = Window(wall: monotonicSeconds, run: 0, wait: 0, process: 0)
        let stat = try String(contentsOfFile: "/proc/stat", encoding: .utf8)
        let line = stat.split(separator: "\n").first { $0.hasPrefix("cpu0 ") } ?? ""
        window.booked = line.split(separator: " ").dropFirst().prefix(8).reduce(0) { $0 + (Double($1) ?? 0) } / 100
        for task in try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task") {
            let folder = "/proc/\(process)/task/\(task)"
            guard let text = try? String(contentsOfFile: "\(folder)/schedstat", encoding: .utf8) else { continue }
            let figures = text.split(separator: " ").compactMap { Double($0) }
            guard figures.count >= 2 else { continue }
            window.process += figures[0] / 1e9
            let name = (try? String(contentsOfFile: "\(folder)/comm", encoding: .utf8)) ?? ""
            guard name.hasPrefix("CPU 0/") else { continue }
            (window.run, window.wait) = (figures[0] / 1e9, figures[1] / 1e9)
        }
        return window
    }

    private var monotonicSeconds: Double { Double(SystemClocks.monotonicNanoseconds) / 1e9 }

    private func hear(_ lines: inout AsyncStream<PulseConsole.Heard>.Iterator, until percent: Int) async throws {
        while let heard = await lines.next() {
            if case .settings(let settings) = heard.line, settings.burnPercent == percent { return }
        }
        throw Unexpected("the guest fell silent")
    }
}

/// A control group of version 1 for one process, where this machine lets one be made: the account then has the kernel's
/// exact books to go by, and the test as well.
private final class OwnGroup {
    private let folder: String

    init?(_ process: Int32) {
        folder = "/sys/fs/cgroup/cpuacct/evenkeel-test-\(process)"
        guard unsafe mkdir(folder, 0o755) == 0 else { return nil }
        guard (try? "\(process)".write(toFile: "\(folder)/cgroup.procs", atomically: false, encoding: .utf8)) != nil
        else {
            unsafe rmdir(folder)
            return nil
        }
    }

    deinit {
        // Only an empty group can go; its process may take a moment to end, and ends with the test.
        for name in (try? String(contentsOfFile: "\(folder)/cgroup.procs", encoding: .utf8))?.split(separator: "\n")
            ?? []
        { try? String(name).write(toFile: "/sys/fs/cgroup/cpuacct/cgroup.procs", atomically: false, encoding: .utf8) }
        unsafe rmdir(folder)
    }

    func seconds(on processor: Int) -> Double? {
        let text = try? String(contentsOfFile: "\(folder)/cpuacct.usage_percpu", encoding: .utf8)
        let figures = text?.split(whereSeparator: { $0 == " " || $0 == "\n" }).compactMap { Double($0) } ?? []
        return figures.indices.contains(processor) ? figures[processor] / 1e9 : nil
    }
}
