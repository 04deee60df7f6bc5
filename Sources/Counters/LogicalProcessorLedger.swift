/// Time of VM threads on one logical processor, in nanoseconds, by what it will be counted as.
struct Charges: Hashable, Sendable {
    /// VM guest code.
    var guest: Int64 = 0
    /// VM threads outside guest code.
    var hypervisor: Int64 = 0
    /// VM threads, not split.
    var virtual: Int64 = 0
    /// VMs of another partition.
    var foreign: Int64 = 0

    var total: Int64 { guest + hypervisor + virtual + foreign }

    static func += (left: inout Charges, right: Charges) {
        left.guest += right.guest
        left.hypervisor += right.hypervisor
        left.virtual += right.virtual
        left.foreign += right.foreign
    }

    /// Takes out at most `amount`, each kind by its share; what is returned and what remains add up to what was there.
    mutating func withdraw(_ amount: Int64) -> Charges {
        let wanted = max(0, amount)
        if wanted >= total {
            defer { self = Charges() }
            return self
        }
        let ratio = Double(wanted) / Double(total)
        var taken = Charges(
            guest: Int64(Double(guest) * ratio), hypervisor: Int64(Double(hypervisor) * ratio),
            virtual: Int64(Double(virtual) * ratio), foreign: Int64(Double(foreign) * ratio))
        // Rounding down leaves a few nanoseconds: whoever has some left gives them.
        var left = wanted - taken.total
        func top(_ part: inout Int64, upTo whole: Int64) {
            let more = min(left, whole - part)
            part += more
            left -= more
        }
        top(&taken.guest, upTo: guest)
        top(&taken.hypervisor, upTo: hypervisor)
        top(&taken.virtual, upTo: virtual)
        top(&taken.foreign, upTo: foreign)
        self -= taken
        return taken
    }

    /// Forgets the split between guest and hypervisor.
    mutating func merge() {
        virtual += guest + hypervisor
        guest = 0
        hypervisor = 0
    }

    static func -= (left: inout Charges, right: Charges) {
        left.guest -= right.guest
        left.hypervisor -= right.hypervisor
        left.virtual -= right.virtual
        left.foreign -= right.foreign
    }
}

/// The books of one logical processor: what `/proc/stat` said last, and where its time has gone so far.
struct LogicalProcessorLedger: Sendable {
    /// A column that fell by more than this was reset, as when a logical processor comes back online; one that fell by
    /// less only trembles, and counts again once it has passed its old height (node_exporter draws the same line).
    static let resetTicks: Int64 = 300

    /// VM time that is carried into the next interval because ticks lag behind nanoseconds: one tick for each of the
    /// five columns that make up the busy time.
    static let carryLimit: Int64 = 5 * ThreadLedger.tick

    let number: Int
    /// The reading that had it last.
    var seen: Int
    var times = RunTimes()
    /// Whether threads were charged to it that may have run elsewhere.
    var isEstimated = false
    /// Charges that found no busy time yet, and that may have been made elsewhere.
    var owed = Charges()
    /// Charges that found no busy time yet, and that are known to have been made here.
    var sure = Charges()
    /// Growth of the guest column in this interval, without what was found to be another partition's.
    var countedGuest: Int64 = 0
    /// Busy time of this interval that nobody has claimed yet.
    private(set) var unclaimed: Int64 = 0
    /// Idle time of this interval.
    private(set) var idleGrowth: Int64 = 0
    private var user: Int64
    private var nice: Int64
    private var system: Int64
    private var idle: Int64
    private var irq: Int64
    private var softirq: Int64
    private var steal: Int64
    private var guest: Int64

    /// Opens the books at `line`.
    init(_ line: ProcStat.Line, sample: Int) {
        number = line.number
        seen = sample
        user = line.user
        nice = line.nice
        system = line.system
        idle = line.idle + line.iowait
        irq = line.irq
        softirq = line.softirq
        steal = line.steal
        guest = line.guest + line.guestNice
    }

    /// Starts a new reading after an absence and keeps the times.
    mutating func reopen(_ line: ProcStat.Line) {
        var fresh = LogicalProcessorLedger(line, sample: seen)
        fresh.times = times
        self = fresh
    }

    /// Books idle and steal, and notes how much busy time there is to divide.
    ///
    /// Idle and iowait are taken as one: the kernel moves time from one to the other afterwards, and only their sum
    /// does not run backwards.
    mutating func advance(_ line: ProcStat.Line) {
        var busy = Self.grow(&user, to: line.user)
        busy += Self.grow(&nice, to: line.nice)
        busy += Self.grow(&system, to: line.system)
        busy += Self.grow(&irq, to: line.irq)
        busy += Self.grow(&softirq, to: line.softirq)
        idleGrowth = Self.grow(&idle, to: line.idle + line.iowait) * ThreadLedger.tick
        times.idle += idleGrowth
        times.steal += Self.grow(&steal, to: line.steal) * ThreadLedger.tick
        countedGuest = Self.grow(&guest, to: line.guest + line.guestNice) * ThreadLedger.tick
        unclaimed = busy * ThreadLedger.tick
    }

    /// Books what is owed as far as there is busy time, the guest column first since it is exact. Returns what may have
    /// been made elsewhere and is too much to be carried into the next interval.
    mutating func settle(isSplitKnown: Bool) -> Charges {
        var counted = Charges(guest: max(0, countedGuest))
        countedGuest = 0
        if isSplitKnown {
            owed.virtual = 0
            sure.virtual = 0
        } else {
            counted.merge()
            owed.merge()
            sure.merge()
        }
        book(counted.withdraw(unclaimed))
        sure += counted
        book(sure.withdraw(unclaimed))
        book(owed.withdraw(unclaimed))
        var missed = sure.withdraw(sure.total - Self.carryLimit)
        bookMissed(missed.withdraw(idleGrowth))
        return owed.withdraw(owed.total - Self.carryLimit)
    }

    /// Books charges that the ticks took for idle: work that is done between two ticks leaves none, and the nanoseconds
    /// of threads know better. At most the interval's idle time.
    mutating func bookMissed(_ charges: Charges) {
        add(charges)
        times.idle -= charges.total
        idleGrowth -= charges.total
    }

    /// Books charges that were taken out of the busy time.
    mutating func book(_ charges: Charges) {
        add(charges)
        unclaimed -= charges.total
    }

    private mutating func add(_ charges: Charges) {
        times.guest += charges.guest
        times.hypervisor += charges.hypervisor
        times.virtual += charges.virtual
        times.steal += charges.foreign
    }

    /// What nobody claimed was the host's own work.
    mutating func close() {
        times.root += unclaimed
        unclaimed = 0
        idleGrowth = 0
    }

    private static func grow(_ last: inout Int64, to value: Int64) -> Int64 {
        if value >= last {
            defer { last = value }
            return value - last
        }
        if last - value > resetTicks { last = value }
        return 0
    }
}
