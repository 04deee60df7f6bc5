/// Divides the time of logical processors into modes: a pure value that is fed one reading after the other.
///
/// The frame is `/proc/stat`: the growth of its columns is the wall time of a logical processor, and whatever is
/// divided inside that frame adds up to it to the nanosecond. Idle and steal are columns of their own. The rest, the
/// busy time, is divided between the threads of VMs, which are charged to the logical processor they last ran on, and
/// root, which is what nobody claims:
///
/// - Under KVM the guest's part is the `guest` column, exact for each logical processor; the hypervisor's part is the
///   run time of the VMs' threads without their guest time. Where VMs run under KVM and next to nothing of it is counted
///   as guest time, the platform does not see guest code (KVM without hardware virtualisation): all VM time is then
///   `virtual`, not split, and guest and hypervisor are unknown.
/// - Under TCG the kernel sees no guest: the user time of vCPU threads is guest time, all else of VM threads hypervisor.
/// - A host that is a partition of a machine loses what the VMs of other partitions take on its logical processors, as
///   a nested host loses what its neighbours take: that is steal. Its own VMs cannot be relieved of it, and calling it
///   root would blame the host. (On a whole machine a VM that nobody manages is a VM like any other.)
///
/// A thread that moved between two samples is charged to the wrong logical processor. What finds no busy time there
/// goes where there is some, so that the host's sum stays right; up to a few ticks are carried into the next interval
/// instead, since ticks lag behind the nanoseconds of schedstat.
public struct LogicalProcessorAccount: Sendable {
    /// One logical processor's time since the account was opened.
    public struct Entry: Hashable, Sendable {
        /// Its number.
        public var number: Int
        /// Where its time went; ever growing.
        public var times: RunTimes
    }

    private let scope: LogicalProcessorSet?
    private var processors: [LogicalProcessorLedger] = []
    private var present: [Bool] = []
    private var places: [Int: Int] = [:]
    private var threads: [Int32: ThreadLedger] = [:]
    private var sample = 0
    private var lastTicks: Int64 = 0
    private var guestSight = GuestSight()
    /// Once a VM of ours under KVM has left the split unknown it stays so until one shows guest time: modes that came
    /// and went with every VM would tear holes into rates.
    private var staysUnsplit = false

    /// Whether guest code can be told from the rest of the VMs' time, as of the last reading.
    public private(set) var isSplitKnown = true

    /// An account of the logical processors in `scope`, or of all that are online.
    public init(scope: LogicalProcessorSet? = nil) {
        self.scope = scope
    }

    /// Whether the kernel has shown guest code of KVM machines for what it is, as of the last reading.
    var seesGuestCode: Bool { guestSight.isClear }

    /// The online logical processors of the last reading, by number.
    public var entries: [Entry] {
        processors.indices.filter { present[$0] }
            .map { Entry(number: processors[$0].number, times: processors[$0].times) }
            .sorted { $0.number < $1.number }
    }

    /// The modes that `entries` are to be reported in.
    public var modes: [RunTimeMode] { isSplitKnown ? RunTimeMode.split : RunTimeMode.unsplit }

    /// Takes a reading of the machine and of every thread of every VM on it, at `ticks` since the machine started. The
    /// first reading opens the books; a thread that started after the last reading counts from its birth.
    public mutating func receive(_ stat: ProcStat, threads readings: [MachineThread], ticks: Int64) {
        sample += 1
        guestSight.look(at: readings)
        decideSplit(readings)
        openIntervals(stat)
        for thread in readings { charge(thread) }
        settle()
        threads = threads.filter { $0.value.seen == sample }
        lastTicks = ticks
    }

    private mutating func decideSplit(_ readings: [MachineThread]) {
        if guestSight.isClear {
            staysUnsplit = false
        } else if readings.contains(where: { !$0.isForeign && $0.nature == .hardware }) {
            staysUnsplit = true
        }
        isSplitKnown = !staysUnsplit && !readings.contains { !$0.isForeign && $0.nature == .opaque }
    }

    /// Finds or opens the books of each logical processor in the reading.
    private mutating func openIntervals(_ stat: ProcStat) {
        let before = present
        for place in present.indices { present[place] = false }
        for line in stat.lines where scope?.contains(line.number) ?? true {
            guard let place = places[line.number] else {
                places[line.number] = processors.count
                processors.append(LogicalProcessorLedger(line))
                present.append(true)
                continue
            }
            present[place] = true
            if before[place] { processors[place].advance(line) } else { processors[place].reopen(line) }
        }
    }

    /// Charges a thread's growth to the logical processor that it last ran on, if that one is ours.
    private mutating func charge(_ thread: MachineThread) {
        var ledger: ThreadLedger
        if let known = threads[thread.id], known.start == thread.stat.start {
            ledger = known
            ledger.seen = sample
        } else {
            let isNew = sample > 1 && thread.stat.start >= lastTicks
            ledger = ThreadLedger(thread, countsFromBirth: isNew, sample: sample)
        }
        let growth = ledger.advance(thread)
        threads[thread.id] = ledger
        guard let place = places[thread.stat.logicalProcessor], present[place] else { return }
        if thread.isForeign {
            processors[place].owed.foreign += growth.run
            // The guest column holds the foreign VM's guest code as well: it must not be counted as ours.
            if thread.nature == .hardware { processors[place].countedGuest -= growth.guest }
        } else if isSplitKnown {
            processors[place].owed.hypervisor += growth.rest
            // Under KVM the guest column has counted this already.
            if thread.nature == .translator { processors[place].owed.guest += growth.guest }
        } else {
            processors[place].owed.virtual += growth.rest
            if thread.nature == .translator { processors[place].owed.virtual += growth.guest }
        }
    }

    /// Fits the charges into the busy time of each logical processor, then books the rest as root.
    private mutating func settle() {
        var spilled = Charges()
        for place in processors.indices where present[place] {
            let excess = processors[place].settle(isSplitKnown: isSplitKnown)
            spilled += excess
        }
        spread(&spilled)
        for place in processors.indices { processors[place].close() }
    }

    /// Gives charges that found no room to logical processors that have unclaimed busy time, each by its share of it.
    private mutating func spread(_ spilled: inout Charges) {
        let room = processors.reduce(0) { $0 + $1.unclaimed }
        guard spilled.total > 0, room > 0 else { return }
        let ratio = min(1, Double(spilled.total) / Double(room))
        for place in processors.indices {
            let share = min(processors[place].unclaimed, Int64(Double(processors[place].unclaimed) * ratio))
            processors[place].book(spilled.withdraw(share))
        }
    }
}
