/// The functions of a moment in UTC.
enum CalendarPart: String, Sendable {
    case minute, hour, month, year
    case dayOfMonth = "day_of_month"
    case dayOfWeek = "day_of_week"
    case dayOfYear = "day_of_year"
    case daysInMonth = "days_in_month"

    /// The part of the moment `seconds` after the Unix epoch; not-a-number where that is no moment.
    func value(seconds: Double) -> Double {
        // Beyond this the year has more than six digits.
        guard abs(seconds) < 1e13 else { return .nan }
        let whole = Int(seconds)
        let days = Self.divideDown(whole, by: 86_400)
        let rest = whole - days * 86_400
        let date = Self.date(days: days)
        return switch self {
        case .minute: Double(rest % 3600 / 60)
        case .hour: Double(rest / 3600)
        case .dayOfMonth: Double(date.day)
        // The epoch was a Thursday.
        case .dayOfWeek: Double(((days + 4) % 7 + 7) % 7)
        case .dayOfYear: Double(days - Self.days(year: date.year, month: 1) + 1)
        case .daysInMonth:
            Double(
                Self.days(year: date.month == 12 ? date.year + 1 : date.year, month: date.month % 12 + 1)
                    - Self.days(year: date.year, month: date.month))
        case .month: Double(date.month)
        case .year: Double(date.year)
        }
    }

    /// A moment in UTC to the second, as RFC 3339 writes it.
    static func text(milliseconds: Int64) -> String {
        let seconds = divideDown(Int(milliseconds), by: 1000)
        let days = divideDown(seconds, by: 86_400)
        let (rest, date) = (seconds - days * 86_400, date(days: days))
        func padded(_ number: Int, _ width: Int = 2) -> String {
            String(repeating: "0", count: max(0, width - "\(number)".count)) + "\(number)"
        }
        return "\(padded(date.year, 4))-\(padded(date.month))-\(padded(date.day))T"
            + "\(padded(rest / 3600)):\(padded(rest / 60 % 60)):\(padded(rest % 60))Z"
    }

    private static func divideDown(_ value: Int, by divisor: Int) -> Int {
        value >= 0 ? value / divisor : -((divisor - 1 - value) / divisor)
    }

    /// The Gregorian date `days` after the epoch (Hinnant, "chrono-compatible low-level date algorithms": years begin in
    /// March, so that the leap day is the last one).
    private static func date(days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = divideDown(shifted, by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    /// The first of a month as days after the epoch.
    private static func days(year: Int, month: Int) -> Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = divideDown(shiftedYear, by: 400)
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
