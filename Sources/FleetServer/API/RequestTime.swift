import FleetModel

/// How callers of the Prometheus API write moments.
enum RequestTime {
    /// Seconds since 1970, with decimals, or RFC 3339 such as `2026-01-31T12:00:00.5+01:00`; `nil` for anything else.
    static func moment(_ text: String) -> Timestamp? {
        if let seconds = Double(text) { return Timestamp(seconds: seconds) }
        return rfc3339(text).map(Timestamp.init(milliseconds:))
    }

    /// A moment in RFC 3339, UTC, to the millisecond.
    static func text(_ moment: Timestamp) -> String {
        let day = Int64((Double(moment.milliseconds) / 86_400_000).rounded(.down))
        let inDay = moment.milliseconds - day * 86_400_000
        let (year, month, dayOfMonth) = civil(day)
        let time = [inDay / 3_600_000, inDay / 60_000 % 60, inDay / 1000 % 60].map { padded($0, 2) }
        let rest = inDay % 1000
        let fraction = rest == 0 ? "" : ".\(padded(rest, 3))"
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(dayOfMonth, 2))T\(time.joined(separator: ":"))"
            + "\(fraction)Z"
    }

    // MARK: RFC 3339

    private static func rfc3339(_ text: String) -> Int64? {
        var reader = Reader(rest: text.utf8[...])
        guard let year = reader.digits(4), reader.take("-"), let month = reader.digits(2), (1...12).contains(month),
            reader.take("-"), let day = reader.digits(2), (1...daysIn(month, year)).contains(day),
            reader.take("T") || reader.take("t"), let hour = reader.digits(2), hour < 24, reader.take(":"),
            let minute = reader.digits(2), minute < 60, reader.take(":"), let second = reader.digits(2), second < 60,
            let fraction = reader.fraction(), let offset = reader.offset(), reader.rest.isEmpty
        else { return nil }
        let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset
        return seconds * 1000 + fraction
    }

    private struct Reader {
        var rest: Substring.UTF8View

        mutating func take(_ sign: Unicode.Scalar) -> Bool {
            guard let first = rest.first, UInt32(first) == sign.value else { return false }
            rest.removeFirst()
            return true
        }

        mutating func digits(_ count: Int) -> Int64? {
            let text = rest.prefix(count)
            guard text.count == count, text.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            rest = rest.dropFirst(count)
            return text.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
        }

        /// Milliseconds; further digits say nothing here.
        mutating func fraction() -> Int64? {
            guard take(".") else { return 0 }
            let text = rest.prefix { (0x30...0x39).contains($0) }
            guard !text.isEmpty else { return nil }
            rest = rest.dropFirst(text.count)
            let shown = Array(text.prefix(3)) + [UInt8](repeating: 0x30, count: max(0, 3 - text.count))
            return shown.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
        }

        /// Seconds east of Greenwich.
        mutating func offset() -> Int64? {
            if take("Z") || take("z") { return 0 }
            let isWest = rest.first == UInt8(ascii: "-")
            guard take("+") || take("-"), let hours = digits(2), hours < 24, take(":"), let minutes = digits(2),
                minutes < 60
            else { return nil }
            return (isWest ? -1 : 1) * (hours * 3600 + minutes * 60)
        }
    }

    private static func daysIn(_ month: Int64, _ year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    // MARK: Days of the Gregorian calendar since 1970, counted in eras of 400 years that begin with March

    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(_ day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let text = "\(number)"
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}

/// Prometheus' notation for spans.
enum PrometheusDuration {
    private static let units: [(suffix: String, seconds: Double)] = [
        ("ms", 0.001), ("y", 31_536_000), ("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1),
    ]

    /// `1h30m` as 5400; `nil` where `text` is not a span.
    static func seconds(_ text: String) -> Double? {
        var rest = Substring(text)
        var total = 0.0
        if rest.isEmpty { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard let number = Double(digits) else { return nil }
            rest = rest.dropFirst(digits.count)
            guard let unit = units.first(where: { rest.hasPrefix($0.suffix) }) else { return nil }
            total += number * unit.seconds
            rest = rest.dropFirst(unit.suffix.count)
        }
        return total
    }

    /// 5400 seconds as `1h30m`, to the millisecond; years and weeks only where nothing is left over, as in Prometheus.
    static func text(_ span: Duration) -> String {
        var rest = span.milliseconds
        if rest == 0 { return "0s" }
        var result = rest < 0 ? "-" : ""
        rest = abs(rest)
        let units: [(suffix: String, size: Int64)] = [
            ("y", 31_536_000_000), ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000),
            ("ms", 1),
        ]
        for unit in units where rest >= unit.size {
            if unit.size > 86_400_000, rest % unit.size != 0 { continue }
            result += "\(rest / unit.size)\(unit.suffix)"
            rest %= unit.size
        }
        return result
    }
}
