/// `/proc/stat`: what every logical processor has done since the machine started (Linux `fs/proc/stat.c`, proc(5)).
///
/// ```
/// cpu  32313 0 6093 177644 599 0 53 22 0 0
/// cpu0 15113 0 2777  90374  38 0 18  8 0 0
///      user nice system idle iowait irq softirq steal guest guest_nice      in ticks of 10 ms
/// ...
/// ctxt 406261
/// ```
/// Logical processors that are offline have no line. `guest` is contained in `user` and `guest_nice` in `nice`
/// (`account_guest_time`), so those two are never added to a sum.
public struct ProcStat: Hashable, Sendable {
    /// One logical processor's line.
    public struct Line: Hashable, Sendable {
        /// Its number.
        public var number: Int
        /// Ticks in user mode, guests included.
        public var user: Int64
        /// Ticks in user mode at low priority, guests included.
        public var nice: Int64
        /// Ticks in the kernel.
        public var system: Int64
        /// Ticks with nothing to do.
        public var idle: Int64
        /// Ticks with nothing to do but a request of one of its tasks under way; may run backwards.
        public var iowait: Int64
        /// Ticks in interrupts.
        public var irq: Int64
        /// Ticks in deferred interrupt work.
        public var softirq: Int64
        /// Ticks that the machine below gave to somebody else.
        public var steal: Int64
        /// Ticks inside guest code under KVM.
        public var guest: Int64
        /// The same at low priority.
        public var guestNice: Int64
    }

    /// The online logical processors, in the file's order.
    public var lines: [Line] = []
    /// Context switches of the whole machine since its start; `nil` where the file does not say.
    public var contextSwitches: Int64?

    /// An empty reading, to be filled by `parse`.
    public init() {}

    /// Takes the content of the file; the room of `lines` is kept between calls. Throws where a `cpu` line has fewer
    /// columns than kernels since 2.6.33 write.
    public mutating func parse(_ bytes: Span<UInt8>, path: String = "/proc/stat") throws(CounterError) {
        lines.removeAll(keepingCapacity: true)
        contextSwitches = nil
        var place = 0
        var lineNumber = 1
        while place < bytes.count {
            if bytes.hasPrefix("cpu", at: place) {
                place += 3
                if let digit = bytes.byte(at: place), digit.decimalDigit != nil {
                    guard let line = Self.line(bytes, &place) else {
                        throw .malformed(path: path, line: lineNumber, expected: "cpuN and ten numbers")
                    }
                    lines.append(line)
                }
            } else if bytes.hasPrefix("ctxt ", at: place) {
                place += 5
                contextSwitches = bytes.decimal(&place)
            }
            place = bytes.lineEnd(from: place)
            lineNumber += 1
        }
        if lines.isEmpty { throw .malformed(path: path, line: 1, expected: "a line for each logical processor") }
    }

    private static func line(_ bytes: Span<UInt8>, _ place: inout Int) -> Line? {
        guard let number = bytes.decimal(&place), let user = bytes.ticks(&place), let nice = bytes.ticks(&place),
            let system = bytes.ticks(&place), let idle = bytes.ticks(&place), let iowait = bytes.ticks(&place),
            let irq = bytes.ticks(&place), let softirq = bytes.ticks(&place), let steal = bytes.ticks(&place),
            let guest = bytes.ticks(&place), let guestNice = bytes.ticks(&place), number <= Int64(Int32.max)
        else { return nil }
        return Line(
            number: Int(number), user: user, nice: nice, system: system, idle: idle, iowait: iowait, irq: irq,
            softirq: softirq, steal: steal, guest: guest, guestNice: guestNice)
    }
}

extension Span where Element == UInt8 {
    /// The byte at `place`, `nil` behind the end.
    func byte(at place: Int) -> UInt8? {
        place < count ? self[place] : nil
    }
}
