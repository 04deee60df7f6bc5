/// When policy may act, or must not: a span of the day, on certain days, in one time zone. People are not bound by it.
///
/// A span that goes past midnight (22:00 to 06:00) belongs to the day on which it begins. Times are those of the wall
/// clock in `zone`: an hour that daylight saving leaves out is no part of any span, one that comes twice is both times.
public struct PolicyWindow: Hashable, Codable, Sendable {
    /// What it means.
    public enum Kind: String, Hashable, Codable, Sendable, CaseIterable {
        /// Policy acts only within the maintenance windows of a cluster, once it has any.
        case maintenance
        /// Policy does nothing.
        case blackout
    }
    /// A day of the week.
    public enum Day: String, Hashable, Codable, Sendable, CaseIterable {
        case mon, tue, wed, thu, fri, sat, sun
    }
    /// Its name, for changing it.
    public var name: String
    /// What it means.
    public var kind: Kind
    /// Where it holds; everywhere where empty.
    public var clusters: [ClusterName]
    /// The time zone by its name in the time zone database: `Europe/Berlin`, `UTC`.
    public var zone: String
    /// On which days of the week; all where empty.
    public var days: [Day]
    /// Between which dates, both included; always where empty.
    public var dates: [DateSpan]
    /// When it begins, in minutes after midnight, 0...1439.
    public var from: Int
    /// When it ends, in minutes after midnight, 1...1440; not after `from` for a span past midnight.
    public var to: Int

    /// A window; the whole day, every day, everywhere, where nothing is said.
    public init(
        name: String, kind: Kind, clusters: [ClusterName] = [], zone: String = "UTC", days: [Day] = [],
        dates: [DateSpan] = [], from: Int = 0, to: Int = 1440
    ) {
        self.name = name
        self.kind = kind
        self.clusters = clusters
        self.zone = zone
        self.days = days
        self.dates = dates
        self.from = from
        self.to = to
    }

    /// Whether it has to do with `cluster`.
    public func concerns(_ cluster: ClusterName) -> Bool { clusters.isEmpty || clusters.contains(cluster) }

    /// Whether `time` lies in it; `offset` is how far the zone's wall clock is ahead of UTC at that time, in seconds.
    public func contains(_ time: Timestamp, offset: Int) -> Bool {
        let local = (Double(time.milliseconds) / 1000).rounded(.down) + Double(offset)
        let day = Int((local / 86_400).rounded(.down))
        let minute = Int(local - Double(day) * 86_400) / 60
        if from < to { return begins(on: day) && (from..<to).contains(minute) }
        return begins(on: day) && minute >= from || begins(on: day - 1) && minute < to
    }

    /// Whether a span begins on the day of that number, counted from 1970-01-01, a Thursday.
    private func begins(on day: Int) -> Bool {
        let weekday = Day.allCases[((day + 3) % 7 + 7) % 7]
        guard days.isEmpty || days.contains(weekday) else { return false }
        return dates.isEmpty || dates.contains { ($0.first.day...$0.last.day).contains(day) }
    }

    /// When the span that `time` lies in ends, by the zone's wall clock: `06:00`, or, where whole days follow on each other,
    /// `24:00 of 2026-12-02`; `nil` where no end comes within a year.
    public func end(at time: Timestamp, offset: Int) -> String? {
        let clock = Self.text(ofMinutes: to)
        guard from == 0, to == 1440 else { return clock }
        let first = Int(((Double(time.milliseconds) / 1000 + Double(offset)) / 86_400).rounded(.down))
        guard let next = (first + 1...first + 366).first(where: { !begins(on: $0) }) else { return nil }
        return next == first + 1 ? clock : "\(clock) of \(CalendarDate(day: next - 1))"
    }

    /// Why it makes no sense; `nil` where it does. Whether there is such a zone is for others to say.
    public var objection: String? {
        if name.isEmpty || name.utf8.count > 100 { return "a window's name has 1 to 100 bytes" }
        guard (0...1439).contains(from), (1...1440).contains(to) else {
            return "window \(name): times are between 00:00 and 24:00"
        }
        if from == to { return "window \(name): it begins and ends at the same time" }
        if let wrong = dates.first(where: { $0.last < $0.first }) {
            return "window \(name): \(wrong.last) comes before \(wrong.first)"
        }
        return nil
    }

    /// `22:00` for 1320.
    public static func text(ofMinutes minutes: Int) -> String {
        let (hours, rest) = (minutes / 60, minutes % 60)
        return "\(hours < 10 ? "0" : "")\(hours):\(rest < 10 ? "0" : "")\(rest)"
    }

    /// 1320 for `22:00`; `nil` for what is no time of the day. `24:00` is 1440.
    public static func minutes(of text: String) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ (1...2).contains($0.utf8.count) && $0.utf8.allSatisfy(isDigit) }),
            let hours = Int(parts[0]), let minutes = Int(parts[1]), minutes < 60, hours * 60 + minutes <= 1440
        else { return nil }
        return hours * 60 + minutes
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}

/// Days from one date to another, both included.
public struct DateSpan: Hashable, Codable, Sendable {
    /// The first day.
    public var first: CalendarDate
    /// The last day.
    public var last: CalendarDate

    /// From `first` to `last`.
    public init(first: CalendarDate, last: CalendarDate) {
        self.first = first
        self.last = last
    }

    /// Reads `2026-12-24` or `2026-12-24..2027-01-02`; `nil` for anything else.
    public init?(_ text: String) {
        let parts = text.components(around: "..")
        guard (1...2).contains(parts.count), let first = CalendarDate(parts[0]),
            let last = CalendarDate(parts[parts.count - 1])
        else { return nil }
        self.init(first: first, last: last)
    }

    /// As `init(_:)` reads it.
    public var text: String { first == last ? "\(first)" : "\(first)..\(last)" }
}

extension String {
    /// The parts before and after `separator`, or the whole where it is not there.
    fileprivate func components(around separator: String) -> [String] {
        guard let range = firstRange(of: separator) else { return [self] }
        return [String(self[..<range.lowerBound]), String(self[range.upperBound...])]
    }
}

/// A date of the Gregorian calendar, `2026-12-24`.
public struct CalendarDate: Hashable, Comparable, Sendable {
    /// Days since 1970-01-01; negative before it.
    public let day: Int

    init(day: Int) { self.day = day }

    /// Reads `YYYY-MM-DD`; `nil` for what is no date.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [4, 2, 2],
            parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
            let year = Int(parts[0]), let month = Int(parts[1]), let date = Int(parts[2]), (1...12).contains(month),
            (1...31).contains(date), year > 0
        else { return nil }
        day = Self.day(year, month, date)
        guard "\(self)" == text else { return nil }
    }

    /// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
    private static func day(_ year: Int, _ month: Int, _ date: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + date - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// Earlier dates come first.
    public static func < (left: CalendarDate, right: CalendarDate) -> Bool { left.day < right.day }
}

extension CalendarDate: CustomStringConvertible, Codable {
    /// `2026-12-24`: the same paper's civil_from_days.
    public var description: String {
        let shifted = day + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let part = (5 * dayOfYear + 2) / 153
        let month = part < 10 ? part + 3 : part - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let digits = String(year)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "-" + Self.two(month) + "-"
            + Self.two(dayOfYear - (153 * part + 2) / 5 + 1)
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// Reads and checks the text.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let date = CalendarDate(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is no date YYYY-MM-DD")
        }
        self = date
    }

    /// Writes the text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
