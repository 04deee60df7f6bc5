import Testing

@testable import Counters

/// Random histories of a machine: logical processors that go offline and come back, iowait that runs backwards, threads
/// that come, go, move and claim more time than there was.
private struct RandomMachine {
    var generator: SeededGenerator
    var lines: [ProcStat.Line]
    var isOnline: [Bool]
    var threads: [MachineThread] = []
    var ticks: Int64 = 1_000
    var nextThread: Int32 = 100
    let isGuestSeen: Bool
    let hasSchedulerStat: Bool

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        let count = Int.random(in: 1...6, using: &generator)
        isGuestSeen = Bool.random(using: &generator)
        hasSchedulerStat = Bool.random(using: &generator)
        isOnline = [Bool](repeating: true, count: count)
        lines = []
        for number in 0..<count {
            lines.append(
                ProcStat.Line(
                    number: number, user: 5_000, nice: 10, system: 700, idle: 9_000, iowait: 400, irq: 3, softirq: 4,
                    steal: 5, guest: isGuestSeen ? 40 : 0, guestNice: 0))
        }
    }

    var stat: ProcStat {
        var stat = ProcStat()
        stat.lines = lines.indices.filter { isOnline[$0] }.map { lines[$0] }
        return stat
    }

    private mutating func random(_ upper: Int64) -> Int64 { Int64.random(in: 0...upper, using: &generator) }

    mutating func step() {
        let span = random(200)
        ticks += span
        for place in lines.indices {
            var left = span
            func take(_ amount: Int64) -> Int64 {
                let part = min(left, amount)
                left -= part
                return part
            }
            let user = take(random(span))
            lines[place].user += user
            lines[place].nice += take(random(2))
            lines[place].system += take(random(span))
            lines[place].irq += take(random(2))
            lines[place].softirq += take(random(2))
            lines[place].steal += take(random(20))
            if isGuestSeen { lines[place].guest += random(user) }
            lines[place].idle += left
            // The kernel moves time from iowait to idle and back; together they stand.
            let moved = random(min(40, lines[place].iowait))
            lines[place].iowait -= moved
            lines[place].idle += moved
            if random(9) == 0 {
                lines[place].idle -= 30
                lines[place].iowait += 30
            }
            if random(29) == 0 { isOnline[place].toggle() }
        }
        moveThreads(span)
    }

    private mutating func moveThreads(_ span: Int64) {
        threads.removeAll { _ in Int.random(in: 0...19, using: &generator) == 0 }
        if threads.count < 12, random(2) == 0 { addThread() }
        for place in threads.indices {
            let run = random(span * 12_000_000)
            threads[place].stat.user += random(span)
            threads[place].stat.system += random(span / 4)
            if isGuestSeen { threads[place].stat.guest += random(span) }
            if hasSchedulerStat { threads[place].runNanoseconds = (threads[place].runNanoseconds ?? 0) + run }
            if random(5) == 0 { threads[place].stat.logicalProcessor = Int(random(Int64(lines.count))) }
        }
    }

    private mutating func addThread() {
        let natures: [MachineThread.Nature] = [.hardware, .translator, .support, .opaque]
        nextThread += 1
        threads.append(
            MachineThread(
                id: random(3) == 0 ? 100 : nextThread,
                stat: TaskStat(
                    role: .other, user: 0, system: 0, start: ticks, logicalProcessor: Int(random(Int64(lines.count)))),
                runNanoseconds: hasSchedulerStat ? 0 : nil, nature: natures[Int(random(3))],
                isForeign: random(4) == 0))
        threads[threads.count - 1].isPinned = random(2) == 0
    }
}

@Suite("The account of logical processors, whatever the history")
struct AccountPropertyTests {
    /// Wall time of a line, as COUNTERS define it: all columns but guest, which is contained in user.
    private static func wallTicks(_ line: ProcStat.Line) -> Int64 {
        line.user + line.nice + line.system + line.idle + line.iowait + line.irq + line.softirq + line.steal
    }

    @Test(arguments: 0..<300 as Range<UInt64>)
    func `modes add up to wall time within one tick, and none runs backwards`(_ seed: UInt64) {
        var machine = RandomMachine(seed: seed)
        var account = LogicalProcessorAccount()
        account.receive(machine.stat, threads: machine.threads, ticks: machine.ticks)
        var lastStat = machine.stat
        var lastTimes = Dictionary(uniqueKeysWithValues: account.entries.map { ($0.number, $0.times) })
        for _ in 0..<120 {
            machine.step()
            account.receive(machine.stat, threads: machine.threads, ticks: machine.ticks)
            for entry in account.entries {
                guard let before = lastTimes[entry.number] else { continue }
                for mode in RunTimeMode.allCases {
                    #expect(entry.times[mode] >= before[mode], "\(mode) of LP \(entry.number) ran backwards")
                }
                let earlier = lastStat.lines.first { $0.number == entry.number }
                let now = machine.stat.lines.first { $0.number == entry.number }
                if let earlier, let now {
                    let wall = (Self.wallTicks(now) - Self.wallTicks(earlier)) * 10_000_000
                    #expect(abs(entry.times.total - before.total - wall) <= 10_000_000)
                } else {
                    #expect(entry.times.total == before.total, "an absence is not accounted for")
                }
            }
            lastStat = machine.stat
            for entry in account.entries { lastTimes[entry.number] = entry.times }
        }
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `only reported modes grow while the split is what it was`(_ seed: UInt64) {
        var machine = RandomMachine(seed: seed)
        var account = LogicalProcessorAccount()
        account.receive(machine.stat, threads: machine.threads, ticks: machine.ticks)
        var last = Dictionary(uniqueKeysWithValues: account.entries.map { ($0.number, $0.times) })
        for _ in 0..<60 {
            machine.step()
            account.receive(machine.stat, threads: machine.threads, ticks: machine.ticks)
            for entry in account.entries {
                guard let before = last[entry.number] else { continue }
                let hidden = RunTimeMode.allCases.filter { !account.modes.contains($0) }
                for mode in hidden { #expect(entry.times[mode] == before[mode], "\(mode) grew and is not reported") }
            }
            for entry in account.entries { last[entry.number] = entry.times }
        }
    }
}
