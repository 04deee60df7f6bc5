/// `/proc/PID/stat` and `/proc/PID/task/TID/stat`: one line of a process or a thread (Linux `fs/proc/array.c`,
/// proc(5)); of its fields these are read:
///
/// ```
/// 4711 (CPU 0/KVM) S ... utime stime ... num_threads . starttime ... processor ... guest_time ...
///  1        2      3       14    15         20           22             39           43
/// ```
/// The name may hold anything, spaces and parentheses included, so fields are counted from the last `)`.
public struct TaskStat: Hashable, Sendable {
    /// What a thread's name says of its part in QEMU, which names its threads with `debug-threads=on`.
    public enum Role: Hashable, Sendable {
        /// `CPU n/KVM`: runs virtual processor n under KVM.
        case hardwareProcessor(Int)
        /// `CPU n/TCG`: translates and runs virtual processor n; -1 for `ALL CPUs/TCG`, one thread for all of them.
        case translatedProcessor(Int)
        /// Everything else: main loop, I/O, workers.
        case other
    }

    /// What the thread does.
    public var role: Role
    /// Ticks in user mode; guest code under KVM counts as such.
    public var user: Int64
    /// Ticks in the kernel.
    public var system: Int64
    /// How many threads the process has.
    public var threads: Int
    /// When it started, in ticks since the machine started: with the number a thread's identity.
    public var start: Int64
    /// The logical processor that it last ran on.
    public var logicalProcessor: Int
    /// Ticks inside guest code under KVM, contained in `user`; 0 where the platform cannot see them.
    public var guest: Int64

    /// The fields as literals, for tests and simulations.
    public init(
        role: Role, user: Int64, system: Int64, threads: Int = 1, start: Int64, logicalProcessor: Int, guest: Int64 = 0
    ) {
        self.role = role
        self.user = user
        self.system = system
        self.threads = threads
        self.start = start
        self.logicalProcessor = logicalProcessor
        self.guest = guest
    }

    /// Reads the file's content; throws where it is cut short or is something else.
    public init(parsing bytes: Span<UInt8>, path: String) throws(CounterError) {
        guard let open = Self.firstParenthesis(bytes), let close = Self.lastParenthesis(bytes), open < close else {
            throw .malformed(path: path, line: 1, expected: "a name in parentheses")
        }
        role = Self.role(bytes, from: open + 1, to: close)
        var fields = FieldReader(place: close + 1, field: 2, path: path)
        user = try fields.number(14, in: bytes, upTo: Self.mostTicks)
        system = try fields.number(15, in: bytes, upTo: Self.mostTicks)
        threads = Int(clamping: try fields.number(20, in: bytes))
        start = try fields.number(22, in: bytes)
        logicalProcessor = Int(clamping: try fields.number(39, in: bytes))
        guest = try fields.number(43, in: bytes, upTo: Self.mostTicks)
    }

    /// 31 years: sums of what a thread may claim stay inside 64 bits.
    private static let mostTicks: Int64 = 100_000_000_000

    /// Walks over fields in ascending order.
    private struct FieldReader {
        var place: Int
        var field: Int
        let path: String

        mutating func number(
            _ wanted: Int, in bytes: Span<UInt8>, upTo most: Int64 = .max
        ) throws(CounterError) -> Int64 {
            while field < wanted - 1 {
                guard bytes.skipWord(&place) else { throw missing(wanted) }
                field += 1
            }
            guard let value = bytes.decimal(&place), value >= 0, value <= most else { throw missing(wanted) }
            field = wanted
            return value
        }

        private func missing(_ wanted: Int) -> CounterError {
            .malformed(path: path, line: 1, expected: "a number in field \(wanted)")
        }
    }

    private static func firstParenthesis(_ bytes: Span<UInt8>) -> Int? {
        for place in 0..<bytes.count where bytes[place] == .openParenthesis { return place }
        return nil
    }

    private static func lastParenthesis(_ bytes: Span<UInt8>) -> Int? {
        for place in stride(from: bytes.count - 1, through: 0, by: -1) where bytes[place] == .closeParenthesis {
            return place
        }
        return nil
    }

    private static func role(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> Role {
        if bytes.hasPrefix("ALL CPUs/TCG", at: start) { return .translatedProcessor(-1) }
        guard bytes.hasPrefix("CPU ", at: start) else { return .other }
        var place = start + 4
        guard let number = bytes.decimal(&place), number >= 0, number <= Int64(Int32.max), place < end else {
            return .other
        }
        if bytes.hasPrefix("/KVM", at: place) { return .hardwareProcessor(Int(number)) }
        if bytes.hasPrefix("/TCG", at: place) { return .translatedProcessor(Int(number)) }
        return .other
    }
}
