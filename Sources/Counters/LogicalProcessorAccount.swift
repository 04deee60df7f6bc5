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
/// Where a control group of version 1 counts a VM's time for each logical processor, that is where it went. Elsewhere a
/// thread is charged to the logical processor that it last ran on; one that moved between two samples is charged to the
/// wrong one, and `Entry.isEstimated` says so. What finds no busy time there goes where there is some, so that the
/// host's sum stays right; up to a few ticks are carried into the next interval instead, since ticks lag behind the
/// nanoseconds of schedstat. What finds none anywhere, or is known to have been done here, was taken for idle: short
/// work between two ticks leaves no trace in `/proc/stat`, and the nanoseconds of threads are believed.
public struct LogicalProcessorAccount: Sendable {
    /// One logical processor's time since the account was opened.
    public struct Entry: Hashable, Sendable {
        /// Its number.
        public var number: Int
        /// Where its time went; ever growing.
        public var times: RunTimes
        /// Whether the division between VMs and root rests on where threads ran last.
        public var isEstimated: Bool
    }

    private let scope: LogicalProcessorSet?
    private var processors: [LogicalProcessorLedger] = []
    private var places: [Int: Int] = [:]
    private var threads: [Int32: ThreadLedger] = [:]
    private var uses: [Int32: UseLedger] = [:]
    private var order: [Int] = []
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

    /// The online logical processors of the last reading, by number.
    public var entries: [Entry] { (0..<count).map { self[$0] } }

    /// How many logical processors were online at the last reading.
    public private(set) var count = 0

    /// The online logical processor of the given rank, 0 for the lowest number.
    public subscript(rank: Int) -> Entry {
        let ledger = processors[order[rank]]
        return Entry(number: ledger.number, times: ledger.times, isEstimated: ledger.isEstimated)
    }

    /// Forgets which divisions were estimates: at the end of an interval.
    public mutating func forgetEstimates() {
        for place in processors.indices { processors[place].isEstimated = false }
    }

    /// The modes that `entries` are to be reported in.
    public var modes: [RunTimeMode] { isSplitKnown ? RunTimeMode.split : RunTimeMode.unsplit }

    /// Takes a reading of the machine, of every thread of every VM on it, and of where VMs' time went as far as that is
    /// counted, at `ticks` since the machine started. The first reading opens the books; a thread that started after
    /// the last reading counts from its birth.
    public mutating func receive(
        _ stat: ProcStat, threads readings: [MachineThread], uses: [MachineUse] = [], ticks: Int64
    ) {
        sample += 1
        guestSight.look(at: readings)
        decideSplit(readings)
        openIntervals(stat)
        for place in readings.indices {
            let growth = grow(readings[place])
            if let use = readings[place].use, uses.indices.contains(use) {
                self.uses[uses[use].process, default: UseLedger(uses[use])].add(growth, of: readings[place])
            } else {
                charge(growth, of: readings[place])
            }
        }
        for use in uses { distribute(use) }
        settle()
        forgetTheGone(threads: readings.count, uses: uses.count)
        lastTicks = ticks
    }

    /// A new dictionary is made only where something is gone.
    private mutating func forgetTheGone(threads: Int, uses: Int) {
        if self.threads.count > threads { self.threads = self.threads.filter { $0.value.seen == sample } }
        if self.uses.count > uses { self.uses = self.uses.filter { $0.value.seen == sample } }
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
        count = 0
        for place in stat.lines.indices where scope?.contains(stat.lines[place].number) ?? true {
            let line = stat.lines[place]
            count += 1
            guard let place = places[line.number] else {
                places[line.number] = processors.count
                processors.append(LogicalProcessorLedger(line, sample: sample))
                continue
            }
            let wasPresent = processors[place].seen == sample - 1
            if wasPresent { processors[place].advance(line) } else { processors[place].reopen(line) }
            processors[place].seen = sample
        }
        arrangeOrder()
    }

    private func isPresent(_ place: Int) -> Bool { processors[place].seen == sample }

    /// Sorts anew only where a logical processor has come or gone.
    private mutating func arrangeOrder() {
        var isSame = order.count == count
        for place in order where isSame { isSame = isPresent(place) }
        if isSame { return }
        order = processors.indices.filter { isPresent($0) }.sorted { processors[$0].number < processors[$1].number }
        count = order.count
    }

    /// What a thread did since the last reading.
    private mutating func grow(_ thread: MachineThread) -> ThreadLedger.Growth {
        if threads[thread.id]?.start != thread.stat.start {
            let isNew = sample > 1 && thread.stat.start >= lastTicks
            threads[thread.id] = ThreadLedger(thread, countsFromBirth: isNew, sample: sample)
        }
        return threads[thread.id, default: ThreadLedger(thread, countsFromBirth: false, sample: sample)]
            .advance(thread, sample: sample)
    }

    /// Charges a thread's growth to the logical processor that it last ran on, if that one is ours.
    private mutating func charge(_ growth: ThreadLedger.Growth, of thread: MachineThread) {
        guard let place = places[thread.stat.logicalProcessor], isPresent(place) else { return }
        if !thread.isPinned, growth.run > 0 { processors[place].isEstimated = true }
        let charges = charges(growth, to: place, isForeign: thread.isForeign, nature: thread.nature)
        if thread.isPinned { processors[place].sure += charges } else { processors[place].owed += charges }
    }

    /// What a growth is counted as.
    private mutating func charges(
        _ growth: ThreadLedger.Growth, to place: Int, isForeign: Bool, nature: MachineThread.Nature
    ) -> Charges {
        var charges = Charges()
        if isForeign {
            charges.foreign = growth.run
            // The guest column holds the foreign VM's guest code as well: it must not be counted as ours.
            if nature == .hardware { processors[place].countedGuest -= growth.guest }
        } else if isSplitKnown {
            charges.hypervisor = growth.rest
            // Under KVM the guest column has counted this already.
            if nature == .translator { charges.guest = growth.guest }
        } else {
            charges.virtual = growth.rest + (nature == .translator ? growth.guest : 0)
        }
        return charges
    }

    /// Charges what the threads of a VM did to the logical processors that its control group counted it on, each
    /// nature of thread by the same shares.
    private mutating func distribute(_ use: MachineUse) {
        guard var ledger = uses[use.process] else { return }
        ledger.grow(to: use, sample: sample)
        for number in ledger.growth.indices where ledger.growth[number] > 0 {
            guard let place = places[number], isPresent(place) else { continue }
            for nature in MachineThread.Nature.all {
                processors[place].sure += charges(
                    ledger.part(of: nature, on: number), to: place, isForeign: ledger.isForeign, nature: nature)
            }
        }
        ledger.close()
        uses[use.process] = ledger
    }

    /// Fits the charges into the busy time of each logical processor, then books the rest as root.
    private mutating func settle() {
        var spilled = Charges()
        for place in processors.indices where isPresent(place) {
            let excess = processors[place].settle(isSplitKnown: isSplitKnown)
            spilled += excess
        }
        spread(&spilled)
        spreadMissed(&spilled)
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

    /// Gives charges for which nobody was busy to logical processors that were idle, each by its share of it.
    private mutating func spreadMissed(_ spilled: inout Charges) {
        let room = processors.reduce(0) { $0 + $1.idleGrowth }
        guard spilled.total > 0, room > 0 else { return }
        let ratio = min(1, Double(spilled.total) / Double(room))
        for place in processors.indices {
            let share = Int64(Double(processors[place].idleGrowth) * ratio)
            processors[place].bookMissed(spilled.withdraw(min(processors[place].idleGrowth, share)))
        }
    }
}
