import Foundation

/// Numbers as Go writes them.
enum NumberText {
    /// Go's `%v`: the shortest digits that give the number back, with an exponent from 1e+06 on and below 1e-4.
    static func shortest(_ number: Double) -> String {
        if number == 0 { return number.sign == .minus ? "-0" : "0" }
        if let special = special(number) { return special }
        let (digits, point) = shortestDigits(number.magnitude)
        let sign = number.sign == .minus ? "-" : ""
        let exponent = point - 1
        if exponent < -4 || exponent >= 6 {
            let fraction = digits.dropFirst()
            let size = String(exponent.magnitude)
            return sign + String(digits.prefix(1)) + (fraction.isEmpty ? "" : "." + fraction) + "e"
                + (exponent < 0 ? "-" : "+") + (size.count < 2 ? "0" + size : size)
        }
        if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
        if digits.count <= point { return sign + digits + String(repeating: "0", count: point - digits.count) }
        return sign + digits.prefix(point) + "." + digits.dropFirst(point)
    }

    /// The number that a text spells, as Go's `strconv.ParseFloat` reads it.
    static func parsed(_ text: String) -> Double? {
        switch text.lowercased() {
        case "nan": .nan
        case "inf", "+inf", "infinity", "+infinity": .infinity
        case "-inf", "-infinity": -.infinity
        default: Double(text)
        }
    }

    /// `%.<precision>g`.
    static func general(_ number: Double, _ precision: Int) -> String {
        special(number) ?? String(format: "%.\(precision)g", number)
    }

    /// `%f`, `%e`, `%g` with a precision; `%g` without one is the shortest.
    static func converted(_ number: Double, _ verb: Character, _ precision: Int?) -> String {
        if let special = special(number) { return special }
        guard let precision else { return verb == "g" ? shortest(number) : String(format: "%.6\(verb)", number) }
        return String(format: "%.\(precision)\(verb)", number)
    }

    /// At least `width` characters: filled on the left, with `-` on the right, with `0` by zeros after the sign.
    static func padded(_ text: String, to width: Int, flags: String) -> String {
        let missing = width - text.count
        guard missing > 0 else { return text }
        if flags.contains("-") { return text + String(repeating: " ", count: missing) }
        guard flags.contains("0") else { return String(repeating: " ", count: missing) + text }
        let sign = text.prefix { $0 == "-" || $0 == "+" }
        return sign + String(repeating: "0", count: missing) + text.dropFirst(sign.count)
    }

    /// A whole number with zeros before it.
    static func filled(_ number: Int, _ width: Int) -> String { padded(String(number), to: width, flags: "0") }

    private static func special(_ number: Double) -> String? {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number > 0 ? "+Inf" : "-Inf" }
        return nil
    }

    /// The shortest digits and where the point stands: 0.00123 is "123" with the point at -2.
    private static func shortestDigits(_ number: Double) -> (digits: String, point: Int) {
        let parts = number.description.split(separator: "e")
        let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        var digits = mantissa.joined()
        var point = (mantissa.first?.count ?? 0) + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
        let zeros = digits.prefix { $0 == "0" }.count
        digits.removeFirst(zeros)
        point -= zeros
        while digits.last == "0" { digits.removeLast() }
        return (digits, point)
    }
}
