import Testing

@testable import Counters

@Suite("The account of logical processors, case by case")
struct AccountTests {
    private static let second: Int64 = 1_000_000_000

    private func line(
        _ number: Int = 0, user: Int64 = 0, system: Int64 = 0, idle: Int64 = 0, iowait: Int64 = 0, steal: Int64 = 0,
        guest: Int64 = 0
    ) -> ProcStat.Line {
        ProcStat.Line(
            number: number, user: user, nice: 0, system: system, idle: idle, iowait: iowait, irq: 0, softirq: 0,
            steal: steal, guest: guest, guestNice: 0)
    }

    private func stat(_ lines: ProcStat.Line...) -> ProcStat {
        var stat = ProcStat()
        stat.lines = lines
        return stat
    }

    private func thread(
        _ nature: MachineThread.Nature, id: Int32 = 7, user: Int64 = 0, system: Int64 = 0, guest: Int64 = 0,
        run: Int64? = nil, on processor: Int = 0, start: Int64 = 5, isForeign: Bool = false
    ) -> MachineThread {
        MachineThread(
            id: id,
            stat: TaskStat(
                role: .other, user: user, system: system, start: start, logicalProcessor: processor, guest: guest),
            runNanoseconds: run, nature: nature, isForeign: isForeign)
    }

    @Test func `under KVM the guest column is guest, and it is not counted twice`() throws {
        var account = LogicalProcessorAccount()
        account.receive(
            stat(line(user: 100, guest: 50)), threads: [thread(.hardware, guest: 50, run: 600_000_000)], ticks: 0)
        account.receive(
            stat(line(user: 170, system: 10, idle: 20, guest: 110)),
            threads: [thread(.hardware, guest: 110, run: 1_250_000_000)], ticks: 100)
        let times = try #require(account.entries.first?.times)
        #expect(account.modes == RunTimeMode.split)
        #expect(times.guest == 600_000_000)
        #expect(times.hypervisor == 50_000_000)
        #expect(times.root == 150_000_000)
        #expect(times.idle == 200_000_000)
        #expect(times.total == Self.second)
    }

    @Test func `KVM that shows no guest time leaves the split unknown`() throws {
        var account = LogicalProcessorAccount()
        account.receive(stat(line()), threads: [thread(.hardware, run: 0)], ticks: 0)
        account.receive(
            stat(line(system: 90, idle: 10)), threads: [thread(.hardware, system: 80, run: 800_000_000)], ticks: 100)
        let times = try #require(account.entries.first?.times)
        #expect(account.modes == [.virtual, .root, .idle, .steal])
        #expect(times.virtual == 800_000_000)
        #expect(times.root == 100_000_000)
        #expect(times.total == Self.second)
    }

    @Test func `a stray tick of guest time does not make the split known`() throws {
        var account = LogicalProcessorAccount()
        account.receive(
            stat(line(system: 2_000, guest: 5)),
            threads: [thread(.hardware, system: 2_000, guest: 5, run: 20 * Self.second)],
            ticks: 0)
        account.receive(
            stat(line(system: 2_100, guest: 6)),
            threads: [thread(.hardware, system: 2_100, guest: 6, run: 21 * Self.second)],
            ticks: 100)
        #expect(account.modes == RunTimeMode.unsplit)
        #expect(try #require(account.entries.first?.times).virtual == Self.second)
    }

    @Test func `modes do not come and go with every VM`() {
        var account = LogicalProcessorAccount()
        account.receive(stat(line()), threads: [thread(.hardware, system: 100, run: Self.second)], ticks: 0)
        account.receive(stat(line(system: 100)), threads: [], ticks: 100)
        account.receive(stat(line(system: 200)), threads: [thread(.translator, start: 150)], ticks: 200)
        #expect(account.modes == RunTimeMode.unsplit)
        account.receive(
            stat(line(system: 300)), threads: [thread(.hardware, user: 50, guest: 40, run: Self.second)], ticks: 300)
        #expect(account.modes == RunTimeMode.split)
    }

    @Test func `a host without VMs knows that guests take nothing`() {
        var account = LogicalProcessorAccount()
        account.receive(stat(line()), threads: [], ticks: 0)
        #expect(account.modes == RunTimeMode.split)
    }

    @Test func `under TCG the user time of vCPU threads is guest, all else of the VM hypervisor`() throws {
        var account = LogicalProcessorAccount()
        account.receive(
            stat(line()), threads: [thread(.translator, run: 0), thread(.support, id: 8, run: 0)], ticks: 0)
        account.receive(
            stat(line(user: 70, system: 20, idle: 10)),
            threads: [
                thread(.translator, user: 60, system: 20, run: 800_000_000),
                thread(.support, id: 8, user: 10, run: 100_000_000),
            ], ticks: 100)
        let times = try #require(account.entries.first?.times)
        #expect(times.guest == 600_000_000)
        #expect(times.hypervisor == 300_000_000)
        #expect(times.root == 0)
    }

    @Test func `without schedstat ticks count`() throws {
        var account = LogicalProcessorAccount()
        account.receive(stat(line()), threads: [thread(.translator)], ticks: 0)
        account.receive(
            stat(line(user: 50, idle: 50)), threads: [thread(.translator, user: 30, system: 10)], ticks: 100)
        let times = try #require(account.entries.first?.times)
        #expect(times.guest == 300_000_000)
        #expect(times.hypervisor == 100_000_000)
        #expect(times.root == 100_000_000)
    }

    @Test func `a partition loses to steal what VMs of other partitions take`() throws {
        var account = LogicalProcessorAccount(scope: LogicalProcessorSet([0]))
        account.receive(
            stat(line(guest: 1)),
            threads: [
                thread(.hardware, run: 0, isForeign: true), thread(.support, id: 8, run: 0, on: 1, isForeign: true),
            ], ticks: 0)
        account.receive(
            stat(line(user: 90, idle: 10, guest: 81), line(1, user: 100)),
            threads: [
                thread(.hardware, guest: 80, run: 850_000_000, isForeign: true),
                thread(.support, id: 8, run: 900_000_000, on: 1, isForeign: true),
            ], ticks: 100)
        #expect(account.entries.map(\.number) == [0])
        let times = try #require(account.entries.first?.times)
        #expect(times.guest == 0)
        #expect(times.hypervisor == 0)
        #expect(times.steal == 850_000_000)
        #expect(times.root == 50_000_000)
        #expect(times.idle == 100_000_000)
    }

    @Test func `a thread that moved is made good where there is busy time`() throws {
        var account = LogicalProcessorAccount()
        account.receive(stat(line(), line(1)), threads: [thread(.support, run: 0)], ticks: 0)
        // It ran on LP 0 nearly all the time and was last seen on LP 1.
        account.receive(
            stat(line(user: 90, idle: 10), line(1, user: 10, idle: 90)),
            threads: [thread(.support, run: Self.second, on: 1)], ticks: 100)
        let entries = account.entries
        #expect(entries.map(\.times.hypervisor).reduce(0, +) >= 950_000_000)
        #expect(entries.allSatisfy { $0.times.total == Self.second })
    }

    @Test func `a VM born between two samples counts from its birth, one found late from then on`() throws {
        var account = LogicalProcessorAccount()
        account.receive(stat(line()), threads: [], ticks: 1_000)
        account.receive(
            stat(line(user: 100)),
            threads: [
                thread(.support, run: 300_000_000, start: 1_050), thread(.support, id: 9, run: 500_000_000, start: 20),
            ], ticks: 1_100)
        #expect(try #require(account.entries.first?.times).hypervisor == 300_000_000)
    }

    @Test func `a thread number that is used again is another thread`() throws {
        var account = LogicalProcessorAccount()
        account.receive(stat(line()), threads: [thread(.support, run: 5 * Self.second)], ticks: 100)
        account.receive(
            stat(line(user: 100)), threads: [thread(.support, run: 200_000_000, start: 150)], ticks: 200)
        #expect(try #require(account.entries.first?.times).hypervisor == 200_000_000)
    }

    @Test func `columns that tremble count once, columns that were reset count anew`() throws {
        var account = LogicalProcessorAccount()
        account.receive(stat(line(user: 1_000, idle: 5_000)), threads: [], ticks: 0)
        account.receive(stat(line(user: 1_010, idle: 4_990)), threads: [], ticks: 100)
        account.receive(stat(line(user: 1_020, idle: 5_080)), threads: [], ticks: 200)
        #expect(try #require(account.entries.first?.times).idle == 800_000_000)
        account.receive(stat(line(user: 1_020, idle: 10)), threads: [], ticks: 300)
        account.receive(stat(line(user: 1_020, idle: 110)), threads: [], ticks: 400)
        #expect(try #require(account.entries.first?.times).idle == 1_800_000_000)
    }

    @Test func `a logical processor that was offline goes on where it was`() throws {
        var account = LogicalProcessorAccount()
        account.receive(stat(line(), line(1)), threads: [], ticks: 0)
        account.receive(stat(line(idle: 100), line(1, idle: 100)), threads: [], ticks: 100)
        account.receive(stat(line(idle: 200)), threads: [], ticks: 200)
        #expect(account.entries.map(\.number) == [0])
        account.receive(stat(line(idle: 300), line(1, idle: 5_000)), threads: [], ticks: 300)
        account.receive(stat(line(idle: 400), line(1, idle: 5_100)), threads: [], ticks: 400)
        #expect(account.entries.map(\.times.idle) == [4 * Self.second, 2 * Self.second])
    }
}
