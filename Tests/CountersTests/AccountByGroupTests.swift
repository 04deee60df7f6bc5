import Testing

@testable import Counters

@Suite("The account where control groups count time for each logical processor")
struct AccountByGroupTests {
    private static let second: Int64 = 1_000_000_000

    private func stat(_ busy: [Int64], idle: [Int64], user: Bool = true) -> ProcStat {
        var stat = ProcStat()
        stat.lines = busy.indices.map { number in
            ProcStat.Line(
                number: number, user: user ? busy[number] : 0, nice: 0, system: user ? 0 : busy[number],
                idle: idle[number], iowait: 0, irq: 0, softirq: 0, steal: 0, guest: 0, guestNice: 0)
        }
        return stat
    }

    private func translator(_ run: Int64, ticks: Int64, on processor: Int, use: Int? = nil, pinned: Bool = false)
        -> MachineThread
    {
        var thread = MachineThread(
            id: 7,
            stat: TaskStat(
                role: .translatedProcessor(0), user: ticks, system: 0, start: 5, logicalProcessor: processor),
            runNanoseconds: run, nature: .translator)
        thread.use = use
        thread.isPinned = pinned
        return thread
    }

    @Test func `time goes where the group counted it, not where the thread is now`() {
        var account = LogicalProcessorAccount()
        account.receive(
            stat([0, 0], idle: [0, 0]), threads: [translator(0, ticks: 0, on: 1, use: 0)],
            uses: [MachineUse(process: 7, nanoseconds: [0, 0])], ticks: 0)
        account.receive(
            stat([75, 25], idle: [25, 75]), threads: [translator(Self.second, ticks: 100, on: 1, use: 0)],
            uses: [MachineUse(process: 7, nanoseconds: [750_000_000, 250_000_000])], ticks: 100)
        let entries = account.entries
        #expect(entries.map(\.times.guest) == [750_000_000, 250_000_000])
        #expect(entries.map(\.times.root) == [0, 0])
        #expect(entries.map(\.isEstimated) == [false, false])
    }

    @Test func `without a group the thread counts where it ran last, and that is said`() {
        var account = LogicalProcessorAccount()
        account.receive(stat([0, 0], idle: [0, 0]), threads: [translator(0, ticks: 0, on: 0)], ticks: 0)
        account.receive(
            stat([50, 50], idle: [50, 50]), threads: [translator(500_000_000, ticks: 50, on: 1)], ticks: 100)
        #expect(account.entries.map(\.times.guest) == [0, 500_000_000])
        #expect(account.entries.map(\.isEstimated) == [false, true])
        account.forgetEstimates()
        account.receive(
            stat([50, 100], idle: [150, 100]),
            threads: [translator(Self.second, ticks: 100, on: 1, pinned: true)], ticks: 200)
        #expect(account.entries.map(\.isEstimated) == [false, false], "it can run nowhere else")
    }

    @Test func `short work that left no tick is believed where it is known to have been done, beyond a few ticks`() {
        var account = LogicalProcessorAccount()
        account.receive(stat([0, 0], idle: [0, 0]), threads: [translator(0, ticks: 0, on: 0, pinned: true)], ticks: 0)
        account.receive(
            stat([0, 0], idle: [100, 100]),
            threads: [translator(300_000_000, ticks: 0, on: 0, pinned: true)], ticks: 100)
        let times = account.entries.map(\.times)
        #expect(times[0].guest == 250_000_000, "50 ms may still come as ticks")
        #expect(times[0].idle == 750_000_000)
        #expect(times[1].idle == Self.second)
        #expect(times.map(\.total) == [Self.second, Self.second])
    }

    @Test func `a group that begins anew, or counts a logical processor that is gone, does no harm`() {
        var account = LogicalProcessorAccount()
        account.receive(
            stat([0], idle: [0]), threads: [translator(0, ticks: 0, on: 0, use: 0)],
            uses: [MachineUse(process: 7, nanoseconds: [5_000_000_000, 9_000_000_000])], ticks: 0)
        account.receive(
            stat([60], idle: [40]), threads: [translator(600_000_000, ticks: 60, on: 0, use: 0)],
            uses: [MachineUse(process: 7, nanoseconds: [100_000_000, 9_000_000_000, .max])], ticks: 100)
        let times = account.entries[0].times
        #expect(times.total == Self.second)
        #expect(times.guest >= 0 && times.root >= 0)
        account.receive(stat([70], idle: [130]), threads: [], ticks: 200)
        #expect(account.entries[0].times.total == 2 * Self.second)
    }
}
