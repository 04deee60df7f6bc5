/// What the account remembers of a VM whose control group counts its time for each logical processor.
struct UseLedger: Sendable {
    /// In which sample it was seen last.
    private(set) var seen = 0
    /// Nanoseconds of this interval on each logical processor, by number.
    private(set) var growth: [Int64] = []
    /// Whether the VM belongs to another partition.
    private(set) var isForeign = false
    private var last: [Int64]
    private var total: Int64 = 0
    /// What its threads did in this interval, by nature.
    private var hardware = ThreadLedger.Growth()
    private var translator = ThreadLedger.Growth()
    private var support = ThreadLedger.Growth()
    private var opaque = ThreadLedger.Growth()

    /// Opens the books at `use`: what went before is nobody's.
    init(_ use: MachineUse) {
        last = use.nanoseconds
    }

    /// Adds what a thread of the VM did.
    mutating func add(_ more: ThreadLedger.Growth, of thread: MachineThread) {
        isForeign = thread.isForeign
        switch thread.nature {
        case .hardware: hardware += more
        case .translator: translator += more
        case .support: support += more
        case .opaque: opaque += more
        }
    }

    /// Takes the group's times; a logical processor whose time ran backwards did nothing.
    mutating func grow(to use: MachineUse, sample: Int) {
        seen = sample
        growth.removeAll(keepingCapacity: true)
        for place in use.nanoseconds.indices {
            let before = place < last.count ? last[place] : 0
            growth.append(max(0, use.nanoseconds[place] - before))
        }
        last.removeAll(keepingCapacity: true)
        last.append(contentsOf: use.nanoseconds)
        total = growth.reduce(0) { $0.addingReportingOverflow($1).partialValue }
    }

    /// What the VM's threads of one nature are charged with on logical processor `number`: of all they did, the share of
    /// the group's time that passed there.
    func part(of nature: MachineThread.Nature, on number: Int) -> ThreadLedger.Growth {
        guard total > 0 else { return ThreadLedger.Growth() }
        let share = Double(growth[number]) / Double(total)
        switch nature {
        case .hardware: return hardware.scaled(by: share)
        case .translator: return translator.scaled(by: share)
        case .support: return support.scaled(by: share)
        case .opaque: return opaque.scaled(by: share)
        }
    }

    /// Ends the interval. What the threads did while the group's count stood still is charged in the next one.
    mutating func close() {
        guard total > 0 else { return }
        hardware = ThreadLedger.Growth()
        translator = ThreadLedger.Growth()
        support = ThreadLedger.Growth()
        opaque = ThreadLedger.Growth()
        total = 0
    }
}

extension ThreadLedger.Growth {
    fileprivate static func += (left: inout Self, right: Self) {
        left.run += right.run
        left.guest += right.guest
        left.rest += right.rest
    }

    fileprivate func scaled(by share: Double) -> Self {
        Self(
            run: Int64(Double(run) * share), guest: Int64(Double(guest) * share), rest: Int64(Double(rest) * share))
    }
}
