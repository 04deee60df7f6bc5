import FleetModel
import Glibc
import Testing

@testable import HostRuntime

@Suite("What the pulse guest says") struct PulseLineTests {
    @Test(arguments: [
        ("t 0000000123", PulseLine.tick(123)), ("t x", .other("t x")), ("", .other("")), ("t", .other("t")),
        ("e want: burn 0-100", .problem("want: burn 0-100")), ("s burn=5", .other("s burn=5")),
        ("s burn=a dirty=1 fill=0 memory=16", .other("s burn=a dirty=1 fill=0 memory=16")),
    ])
    func isReadAsWhatItIs(line: String, expected: PulseLine) {
        #expect(PulseLine(line) == expected)
    }

    @Test func settingsAreRead() throws {
        guard case .settings(let settings) = PulseLine("s burn=35 dirty=256 fill=12 memory=16 new=1") else {
            throw Unexpected("not settings")
        }
        #expect(settings.burnPercent == 35 && settings.dirtyPagesPerSecond == 256)
        #expect(settings.filledMiB == 12 && settings.memoryMiB == 16)
    }

    @Test func linesAreCutFromAnyPiecesAndStayBounded() {
        var framing = LineFraming()
        #expect(framing.receive("t 1\nt ".utf8) == ["t 1"])
        #expect(framing.receive("2\r\n\u{7}\n".utf8) == ["t 2", ""])
        #expect(framing.receive([UInt8](repeating: 0x41, count: 100_000)).isEmpty)
        #expect(framing.receive([0x0a]).first?.utf8.count == LineFraming.longestLine)
    }

    @Test func ticksTellGapsRepetitionsAndOmissions() {
        var ticks = PulseTicks()
        let begin = ContinuousClock.now
        for (number, milliseconds) in [(1, 0), (2, 10), (5, 150), (5, 160), (6, 170)] {
            ticks.hear(Int64(number), at: begin + .milliseconds(milliseconds))
        }
        #expect(ticks.count == 5 && ticks.last == 6)
        #expect(ticks.longestGap == .milliseconds(140))
        #expect(ticks.missing == 2 && ticks.repetitions == 1)
    }
}

@Suite("The pulse guest at work", .timeLimit(.minutes(2))) struct PulseGuestTests {
    @Test func burnsTheShareOfAProcessorThatItIsToldTo() async throws {
        try await withHosts("a") { hosts in
            let (host, vm) = (hosts[0], try pulse(near: hosts[0].folder))
            #expect(await host.answer(.start(vm)).isDone)
            let process = try await host.process(vm.id).identifier
            let console = try PulseConsole(path: host.runtime.consolePath(of: vm.id))
            var lines = console.lines.makeAsyncIterator()
            _ = await lines.next()
            var used: [Int: Double] = [:]
            for percent in [0, 30, 60] {
                try console.send(.burn(percent: percent))
                try await hear(&lines, until: percent)
                // A second to learn what work costs, and then 200 ticks, which are two seconds of the guest's.
                for _ in 0..<100 { _ = await lines.next() }
                let (before, began) = (processorTime(process), ContinuousClock.now)
                for _ in 0..<200 { _ = await lines.next() }
                used[percent] = (processorTime(process) - before) / (ContinuousClock.now - began).inSeconds
            }
            // Other tests may crowd the processors, which takes time from it and never adds any.
            let (idle, low, high) = (try #require(used[0]), try #require(used[30]), try #require(used[60]))
            #expect(idle < 0.15)
            #expect(low > 0.1 && low < 0.45)
            #expect(high > low && high < 0.75)
        }
    }

    @Test func refusesWhatItDoesNotUnderstandAndTicksOn() async throws {
        try await withHosts("a") { hosts in
            let vm = try pulse(near: hosts[0].folder)
            #expect(await hosts[0].answer(.start(vm)).isDone)
            let console = try PulseConsole(path: hosts[0].runtime.consolePath(of: vm.id))
            var lines = console.lines.makeAsyncIterator()
            _ = await lines.next()
            for wrong in [PulseSetting.burn(percent: 101), .dirty(pagesPerSecond: -1), .fill(mebibytes: 16)] {
                try console.send(wrong)
                while let heard = await lines.next() {
                    if case .problem = heard.line { break }
                }
            }
            try console.send(.fill(mebibytes: 12))
            while let heard = await lines.next() {
                if case .settings(let settings) = heard.line, settings.filledMiB == 12 { break }
            }
        }
    }

    private func hear(_ lines: inout AsyncStream<PulseConsole.Heard>.Iterator, until percent: Int) async throws {
        while let heard = await lines.next() {
            if case .settings(let settings) = heard.line, settings.burnPercent == percent { return }
        }
        throw Unexpected("the guest ended")
    }

    /// Seconds that all threads of a process have run: first number of schedstat, in nanoseconds.
    private func processorTime(_ process: pid_t) -> Double {
        let threads = (try? threads(of: process)) ?? []
        return threads.reduce(0) { sum, thread in
            let text = String(decoding: SmallFile.read("\(thread)/schedstat") ?? [], as: UTF8.self)
            return sum + (text.split(separator: " ").first.flatMap { Double($0) } ?? 0) / 1e9
        }
    }
}
