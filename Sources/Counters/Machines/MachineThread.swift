/// One thread of a VM's process as one sample found it: the input of the account of logical processors.
public struct MachineThread: Hashable, Sendable {
    /// How the thread's time divides into guest code and the rest.
    public enum Nature: Hashable, Sendable {
        /// Of a VM under KVM: the kernel counts guest code, here and in `/proc/stat`, if it can see it at all.
        case hardware
        /// Translates guest code (TCG): its user time is the guest's, its system time is not.
        case translator
        /// Belongs to a translated VM and never runs guest code.
        case support
        /// Nobody can say: the process does not name its threads, or does not say what accelerates it.
        case opaque

        static let all: [Nature] = [.hardware, .translator, .support, .opaque]
    }

    /// Thread id.
    public var id: Int32
    /// What `/proc` says of it.
    public var stat: TaskStat
    /// Nanoseconds on a logical processor; `nil` where the kernel has no schedstat, then ticks count.
    public var runNanoseconds: Int64?
    /// How its time divides.
    public var nature: Nature
    /// Whether its VM belongs to another partition of this machine.
    public var isForeign: Bool
    /// Whether it can run on one logical processor only, so that it is known where its time went.
    public var isPinned = false
    /// Which of the sample's `MachineUse` knows where its VM's time went; `nil` where none does.
    public var use: Int?

    /// A thread.
    public init(id: Int32, stat: TaskStat, runNanoseconds: Int64?, nature: Nature, isForeign: Bool = false) {
        self.id = id
        self.stat = stat
        self.runNanoseconds = runNanoseconds
        self.nature = nature
        self.isForeign = isForeign
    }
}

/// Where the time of one VM went, as a control group of version 1 counts it.
public struct MachineUse: Hashable, Sendable {
    /// The VM's process.
    public var process: Int32
    /// Nanoseconds on each logical processor since the group was made, by number.
    public var nanoseconds: [Int64]

    /// The time of `process` on each logical processor.
    public init(process: Int32, nanoseconds: [Int64]) {
        self.process = process
        self.nanoseconds = nanoseconds
    }
}

/// What the account remembers of a thread between two samples.
struct ThreadLedger: Sendable {
    /// Nanoseconds of one tick of user-visible times (`USER_HZ` is 100 on every architecture that runs VMs).
    static let tick: Int64 = 10_000_000

    /// Growth of a thread's time, in nanoseconds.
    struct Growth {
        var run: Int64 = 0
        /// Inside guest code, of `run`, as far as the thread itself shows it.
        var guest: Int64 = 0
        /// Outside guest code, of `run`.
        var rest: Int64 = 0
    }

    let start: Int64
    /// In which sample it was seen last, so that threads that are gone can be dropped.
    var seen: Int
    private var usesTicks: Bool
    private var run: Int64
    private var user: Int64
    private var system: Int64
    private var guest: Int64
    /// Highest value so far of run time without guest time. Ticks against nanoseconds make the difference tremble;
    /// its running maximum never runs back and is off by a tick at most.
    private var outside: Int64

    /// Starts the books of `thread`: from nothing where its whole life lies behind the last sample, else from here.
    init(_ thread: MachineThread, countsFromBirth: Bool, sample: Int) {
        start = thread.stat.start
        seen = sample
        usesTicks = thread.runNanoseconds == nil
        run = countsFromBirth ? 0 : Self.runTime(of: thread)
        user = countsFromBirth ? 0 : thread.stat.user
        system = countsFromBirth ? 0 : thread.stat.system
        guest = countsFromBirth ? 0 : thread.stat.guest
        outside = countsFromBirth ? 0 : max(0, Self.runTime(of: thread) - thread.stat.guest * Self.tick)
    }

    /// What the thread did since the last sample; nothing of it is ever negative.
    mutating func advance(_ thread: MachineThread, sample: Int) -> Growth {
        seen = sample
        if usesTicks != (thread.runNanoseconds == nil) {
            self = ThreadLedger(thread, countsFromBirth: false, sample: seen)
            return Growth()
        }
        var growth = Growth(run: Self.grow(&run, to: Self.runTime(of: thread)))
        let userGrowth = Self.grow(&user, to: thread.stat.user)
        let systemGrowth = Self.grow(&system, to: thread.stat.system)
        let guestGrowth = min(Self.grow(&guest, to: thread.stat.guest) * Self.tick, Self.mostGrowth)
        switch thread.nature {
        case .hardware, .opaque:
            growth.rest = Self.grow(&outside, to: run - guest * Self.tick)
            growth.guest = guestGrowth
        case .translator:
            growth.guest = Self.share(
                of: growth.run, first: userGrowth, second: systemGrowth, elseFirst: user, elseSecond: system)
            growth.rest = growth.run - growth.guest
        case .support:
            growth.rest = growth.run
        }
        return growth
    }

    /// `whole` divided as `first` to `second`; as `elseFirst` to `elseSecond` where no tick has passed; all of it where
    /// none ever has, since a translator's first work is translating.
    private static func share(
        of whole: Int64, first: Int64, second: Int64, elseFirst: Int64, elseSecond: Int64
    ) -> Int64 {
        if first + second > 0 { return Int64(Double(whole) * (Double(first) / Double(first + second))) }
        if elseFirst + elseSecond > 0 {
            return Int64(Double(whole) * (Double(elseFirst) / Double(elseFirst + elseSecond)))
        }
        return whole
    }

    private static func runTime(of thread: MachineThread) -> Int64 {
        thread.runNanoseconds ?? (thread.stat.user + thread.stat.system) * tick
    }

    /// No thread runs for more than this between two samples (11 days): sums of it stay inside 64 bits.
    private static let mostGrowth: Int64 = 1_000_000_000_000_000

    private static func grow(_ last: inout Int64, to value: Int64) -> Int64 {
        defer { last = max(last, value) }
        return min(max(0, value - last), mostGrowth)
    }
}
