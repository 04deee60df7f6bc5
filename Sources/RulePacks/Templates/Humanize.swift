import FleetModel

/// Prometheus' `humanize` functions (prometheus `template/template.go`).
enum Humanize {
    /// `1234567` as `1.235M`.
    static func decimal(_ number: Double) -> String {
        guard number != 0, number.isFinite else { return NumberText.general(number, 4) }
        var value = number
        var prefix = ""
        if value.magnitude >= 1 {
            for larger in ["k", "M", "G", "T", "P", "E", "Z", "Y"] where value.magnitude >= 1000 {
                prefix = larger
                value /= 1000
            }
        } else {
            for smaller in ["m", "u", "n", "p", "f", "a", "z", "y"] where value.magnitude < 1 {
                prefix = smaller
                value *= 1000
            }
        }
        return NumberText.general(value, 4) + prefix
    }

    /// `1048576` as `1Mi`.
    static func binary(_ number: Double) -> String {
        guard number.magnitude > 1, number.isFinite else { return NumberText.general(number, 4) }
        var value = number
        var prefix = ""
        for larger in ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"] where value.magnitude >= 1024 {
            prefix = larger
            value /= 1024
        }
        return NumberText.general(value, 4) + prefix
    }

    /// Seconds: `3661` as `1h 1m 1s`, `0.0012` as `1.2ms`.
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds.magnitude < 9e18 else { return NumberText.general(seconds, 4) }
        if seconds == 0 { return "0s" }
        guard seconds.magnitude >= 1 else { return decimal(seconds) + "s" }
        let sign = seconds < 0 ? "-" : ""
        let whole = Int64(seconds.magnitude)
        let (second, minute, hour, day) = (whole % 60, whole / 60 % 60, whole / 3600 % 24, whole / 86_400)
        if day != 0 { return "\(sign)\(day)d \(hour)h \(minute)m \(second)s" }
        if hour != 0 { return "\(sign)\(hour)h \(minute)m \(second)s" }
        if minute != 0 { return "\(sign)\(minute)m \(second)s" }
        return "\(sign)\(NumberText.general(seconds.magnitude, 4))s"
    }

    /// A ratio: `0.756` as `75.6%`.
    static func percentage(_ ratio: Double) -> String { NumberText.general(ratio * 100, 4) + "%" }

    /// Seconds since the epoch, to the millisecond: `2015-03-30 13:10:05.5 +0000 UTC`.
    static func timestamp(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds.magnitude < 2.5e11 else { return NumberText.general(seconds, 4) }
        return GoTime(Timestamp(milliseconds: Int64((seconds * 1000).rounded(.down)))).description
    }
}

/// A day of the Gregorian calendar (Howard Hinnant, "chrono-compatible low-level date algorithms", civil_from_days).
struct CivilDate: CustomStringConvertible {
    let year: Int
    let month: Int
    let day: Int

    init(daysSinceEpoch days: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    var description: String {
        "\(NumberText.filled(year, 4))-\(NumberText.filled(month, 2))-\(NumberText.filled(day, 2))"
    }
}
