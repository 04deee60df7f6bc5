import Counters
import FleetModel
import MetricsWire
import Testing

@testable import HostAgent

@Suite("How samples are taken and told")
struct SamplingTests {
    @Test(arguments: [
        (Duration.seconds(10), 10, Duration.seconds(1)), (.milliseconds(2500), 3, .nanoseconds(833_333_333)),
        (.seconds(1), 1, .seconds(1)), (.milliseconds(100), 1, .milliseconds(100)), (.seconds(300), 300, .seconds(1)),
    ])
    func `an interval is looked at by the second`(_ interval: Duration, _ looks: Int, _ span: Duration) {
        let beat = Beat(interval)
        #expect(beat.looks == looks)
        #expect(abs((beat.span - span).inSeconds) < 1e-6)
    }

    @Test func `a count that trembles is held, one that begins anew is passed on`() {
        var guardian = TrembleGuard()
        #expect([0, 100, 99, 100.5, 3, 4, 3.9].map { guardian.pass($0) } == [0, 100, 100, 100.5, 3, 4, 4])
    }

    @Test func `only counters are held: a gauge may fall by as little as it likes`() throws {
        var recorder = SampleRecorder(labels: ["host": "h"])
        func told(_ counter: Counter, _ values: [Double]) throws -> [Double] {
            try values.enumerated().map { place, value in
                let time = Int64(place + 1)
                let body = recorder.encode(
                    [CounterReading(SeriesKey(counter), value)], names: [:], time: Timestamp(milliseconds: time))
                let series = try RemoteWriteText.decode(Snappy.decompress(body, limit: 1 << 20), time: time)
                return try #require(series["\(counter.rawValue){host=\"h\"}"])
            }
        }
        #expect(try told(.majorFaults, [1_000_000, 999_999, 1_000_001]) == [1_000_000, 1_000_000, 1_000_001])
        #expect(try told(.memoryAvailable, [1_000_000, 999_999]) == [1_000_000, 999_999])
    }

    @Test func `what a file has word for word is let go, nothing else`() {
        func block(_ mapping: String, anonymous: Int) -> String {
            "7f0000001000-7f0000003000 \(mapping)\nSize: 8 kB\nRss: 8 kB\nAnonymous:  \(anonymous) kB\nVmFlags: rd mr\n"
        }
        let whole: Range<UInt> = 0x7f00_0000_1000..<0x7f00_0000_3000
        for mapping in ["r-xp", "r--p"].map({ "\($0) 00000000 08:01 4711    /usr/bin/evenkeel (deleted)" }) {
            #expect(Footprint.untouchedRanges(block(mapping, anonymous: 0)) == [whole])
            #expect(Footprint.untouchedRanges(block(mapping, anonymous: 4)).isEmpty, "the loader wrote to it")
        }
        for mapping in [
            "rw-p 00000000 08:01 4711    /usr/bin/evenkeel", "r-xs 00000000 08:01 4711 /a",
            "r-xp 00000000 00:00 0 [vdso]",
            "r-xp 00000000 00:00 0", "r--p",
        ] {
            #expect(Footprint.untouchedRanges(block(mapping, anonymous: 0)).isEmpty, "\(mapping)")
        }
        #expect(Footprint.untouchedRanges("x-y r-xp 00000000 08:01 4711 /a\nAnonymous: 0 kB\n").isEmpty)
    }

    @Test func `one provider that fails leaves the VMs of the other known`() async throws {
        struct Failing: VirtualMachineProvider {
            struct Down: Error {}
            func virtualMachines() async throws -> [VirtualMachineStatus] { throw Down() }
            func statistics() async throws -> [VirtualMachineStatistics] { throw Down() }
            func perform(
                _ task: HostTask, progress: @escaping @Sendable (MigrationProgress) -> Void
            ) async -> HostTaskAnswer { .failed("down") }
        }
        let good = StandInProvider()
        let id = try #require(VirtualMachineID("00000000-0000-4000-8000-000000000001"))
        let definition = VirtualMachineDefinition(
            id: id, name: try #require(Name("web")), virtualProcessors: 1, memory: .mebibytes(64))
        good.change { $0.machines = [VirtualMachineStatus(definition: definition, state: .running)] }
        let providers = Providers(
            [NamedProvider("runtime", good), NamedProvider("libvirt", Failing())], clock: WallClock())
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await providers.run() }
            for _ in 0..<3 {
                let reading = await providers.reading(within: .seconds(5))
                #expect(reading.machines.map(\.definition.id) == [id])
                #expect(reading.problem?.hasPrefix("libvirt: ") == true)
                #expect(reading.isDoubtful, "it may know VMs that it cannot tell of")
            }
            let later = await providers.reading(within: .seconds(5))
            #expect(later.machines.map(\.state) == [.running])
            #expect(!later.isDoubtful, "what it knew is marked unknown by now, and the rest can be told")
            let answer = await providers.allStatistics()
            #expect(answer.problem?.hasPrefix("libvirt: ") == true)
            #expect(await providers.perform(.inspect(id), progress: { _ in }) == .done)
            group.cancelAll()
        }
    }

    @Test func `a VM is awaited by what ran it at its source`() async throws {
        struct Named: VirtualMachineProvider {
            let name: String
            func virtualMachines() async throws -> [VirtualMachineStatus] { [] }
            func perform(
                _ task: HostTask, progress: @escaping @Sendable (MigrationProgress) -> Void
            ) async -> HostTaskAnswer { .listening(address: name) }
        }
        let definition = VirtualMachineDefinition(
            id: try #require(VirtualMachineID("00000000-0000-4000-8000-000000000001")),
            name: try #require(Name("web")), virtualProcessors: 1, memory: .mebibytes(64))
        func answer(_ manager: String?, among names: [String]) async -> HostTaskAnswer {
            let providers = Providers(names.map { NamedProvider($0, Named(name: $0)) }, clock: WallClock())
            let incoming = IncomingMigration(
                definition: definition, accelerator: .tcg, timeLimitSeconds: 60, manager: manager)
            let answer = await providers.perform(.prepareIncoming(incoming)) { _ in }
            // Who awaits it is asked for it, before any reading names it.
            if case .listening = answer {
                #expect(await providers.perform(.inspect(definition.id)) { _ in } == answer)
            }
            return answer
        }
        let both = ["runtime", "libvirt"]
        #expect(await answer("libvirt", among: both) == .listening(address: "libvirt"))
        #expect(await answer(nil, among: both) == .listening(address: "runtime"))
        for (manager, only) in [("libvirt", "runtime"), (nil, "libvirt")] {
            guard case .refused = await answer(manager, among: [only]) else {
                Issue.record("\(only) awaits a VM of \(manager ?? "the runtime")")
                return
            }
        }
    }
}
