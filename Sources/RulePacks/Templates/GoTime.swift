import FleetModel

/// A moment as Go's `time.Time` writes it, in UTC.
struct GoTime: CustomStringConvertible {
    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
    private static let days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

    private let moment: Timestamp
    private let date: CivilDate
    private let dayNumber: Int
    private let ofDay: Int

    init(_ moment: Timestamp) {
        self.moment = moment
        let all = Int(moment.milliseconds)
        ofDay = ((all % 86_400_000) + 86_400_000) % 86_400_000
        dayNumber = (all - ofDay) / 86_400_000
        date = CivilDate(daysSinceEpoch: dayNumber)
    }

    private var hour: Int { ofDay / 3_600_000 }
    private var minute: Int { ofDay / 60_000 % 60 }
    private var second: Int { ofDay / 1000 % 60 }
    private var weekday: String { Self.days[((dayNumber + 4) % 7 + 7) % 7] }
    private var month: String { Self.months[date.month - 1] }

    /// As Go prints it: `2015-03-30 13:10:05.5 +0000 UTC`.
    var description: String { formatted("2006-01-02 15:04:05.999") + " +0000 UTC" }

    /// What a method of Go's gives; `nil` for an unknown one, or with other arguments than it takes.
    func method(_ name: String, _ arguments: [TemplateValue]) -> TemplateValue? {
        if name == "Format", arguments.count == 1, case .text(let layout) = arguments[0] {
            return .text(formatted(layout))
        }
        guard arguments.isEmpty else { return nil }
        switch name {
        case "String": return .text(description)
        case "UTC": return .moment(moment)
        case "Unix": return .whole(Int((moment.seconds).rounded(.down)))
        case "UnixMilli": return .whole(Int(moment.milliseconds))
        case "Year": return .whole(date.year)
        case "Month": return .text(month)
        case "Day": return .whole(date.day)
        case "Hour": return .whole(hour)
        case "Minute": return .whole(minute)
        case "Second": return .whole(second)
        case "Weekday": return .text(weekday)
        default: return nil
        }
    }

    // MARK: Layouts

    /// By a layout in Go's manner, which shows how 2 January 2006, 15:04:05, would be written.
    func formatted(_ layout: String) -> String {
        var result = ""
        var rest = Substring(layout)
        while let first = rest.first {
            if let (sign, text) = parts.first(where: { rest.hasPrefix($0.sign) }) {
                result += text
                rest = rest.dropFirst(sign.count)
            } else if first == ".", let fraction = fraction(&rest) {
                result += fraction
            } else {
                result.append(first)
                rest.removeFirst()
            }
        }
        return result
    }

    /// The longer signs come before those that they begin with.
    private var parts: [(sign: String, text: String)] {
        let shortHour = hour % 12 == 0 ? 12 : hour % 12
        let two = { NumberText.filled($0, 2) }
        return [
            ("2006", NumberText.filled(date.year, 4)), ("06", two(date.year % 100)), ("January", month),
            ("Jan", String(month.prefix(3))), ("01", two(date.month)), ("Monday", weekday),
            ("Mon", String(weekday.prefix(3))), ("MST", "UTC"), ("02", two(date.day)),
            ("_2", NumberText.padded(String(date.day), to: 2, flags: "")), ("15", two(hour)), ("03", two(shortHour)),
            ("04", two(minute)), ("05", two(second)), ("PM", hour < 12 ? "AM" : "PM"), ("pm", hour < 12 ? "am" : "pm"),
            ("Z07:00", "Z"), ("Z0700", "Z"), ("-07:00", "+00:00"), ("-0700", "+0000"), ("1", String(date.month)),
            ("2", String(date.day)), ("3", String(shortHour)), ("4", String(minute)), ("5", String(second)),
        ]
    }

    /// `.000` and `.999` up to nine digits; nines leave trailing zeros out.
    private func fraction(_ rest: inout Substring) -> String? {
        let behind = rest.dropFirst()
        guard let kind = behind.first, kind == "0" || kind == "9" else { return nil }
        let count = behind.prefix { $0 == kind }.count
        guard count <= 9, behind.dropFirst(count).first?.isNumber != true else { return nil }
        rest = behind.dropFirst(count)
        var digits = String((NumberText.filled(ofDay % 1000, 3) + "000000").prefix(count))
        if kind == "9" { while digits.last == "0" { digits.removeLast() } }
        return digits.isEmpty ? "" : "." + digits
    }

    // MARK: Spans

    /// A span as Go's `time.Duration` writes it: `1h2m3.5s`, `250ms`, `0s`.
    static func text(ofSpan seconds: Double) -> String {
        guard seconds.isFinite, seconds.magnitude < 9e9 else { return NumberText.shortest(seconds) + "s" }
        let sign = seconds < 0 ? "-" : ""
        let size = seconds.magnitude
        if size == 0 { return "0s" }
        for (unit, scale) in [("ns", 1e9), ("µs", 1e6), ("ms", 1e3)] where size * scale < 1000 && size < 1 {
            return sign + NumberText.shortest((size * scale * 1e6).rounded() / 1e6) + unit
        }
        let whole = Int(size)
        let rest = NumberText.shortest(((size - Double(whole / 60 * 60)) * 1e9).rounded() / 1e9) + "s"
        if whole >= 3600 { return "\(sign)\(whole / 3600)h\(whole / 60 % 60)m\(rest)" }
        return whole >= 60 ? "\(sign)\(whole / 60)m\(rest)" : sign + rest
    }
}
