#if canImport(Glibc)
    import Glibc
#endif

/// Numbers as Go's `strconv.FormatFloat(value, 'f', -1, 64)` writes them: the fewest digits that read back as the same,
/// never with an exponent.
enum DecimalText {
    static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        let shortest = "\(value)"
        guard let mark = shortest.firstIndex(of: "e"), let exponent = Int(shortest[shortest.index(after: mark)...])
        else {
            return shortest.hasSuffix(".0") ? String(shortest.dropLast(2)) : shortest
        }
        return expanded(shortest[..<mark], exponent: exponent)
    }

    /// `1.5e3` without its exponent.
    private static func expanded(_ mantissa: Substring, exponent: Int) -> String {
        let sign = mantissa.hasPrefix("-") ? "-" : ""
        let parts = mantissa.drop { $0 == "-" }.split(separator: ".", omittingEmptySubsequences: false)
        let fraction = parts.count > 1 && parts[1] != "0" ? parts[1] : ""
        let digits = String(parts[0]) + fraction
        let point = parts[0].count + exponent
        if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
        if point >= digits.count { return sign + digits + String(repeating: "0", count: point - digits.count) }
        return sign + digits.prefix(point) + "." + digits.dropFirst(point)
    }

    /// A number as OpenMetrics writes the values of labels such as `le` and `quantile`: with a point or an exponent.
    static func openMetrics(_ value: Double) -> String {
        let text = general(value)
        return value.isFinite && !text.contains(where: { ".e".contains($0) }) ? text + ".0" : text
    }

    /// A number as Go's `%g` writes it: the fewest digits that read back as the same, with an exponent from a million up
    /// and below 0.0001. With a number of `digits`, as `%.2g`: rounded to them, with an exponent from as many up.
    static func general(_ value: Double, digits: Int? = nil) -> String {
        guard value.isFinite, value != 0 else { return value == 0 ? "0" : text(value) }
        var plain = text(value)
        if let digits {
            // Powers of ten are exact far enough that the division rounds to the shortest decimal.
            let shift = Double(digits - 1 - exponent(of: plain))
            let unit = pow(10, abs(shift))
            plain = text(shift < 0 ? (value / unit).rounded() * unit : (value * unit).rounded() / unit)
        }
        let exponent = exponent(of: plain)
        if exponent >= -4, exponent < digits ?? 6 { return plain }
        let all = plain.filter(\.isNumber).drop { $0 == "0" }
        var significant = String(all)
        while significant.hasSuffix("0"), significant.count > 1 { significant.removeLast() }
        let fraction = significant.dropFirst()
        let size = abs(exponent)
        return (value < 0 ? "-" : "") + significant.prefix(1) + (fraction.isEmpty ? "" : ".\(fraction)")
            + (exponent < 0 ? "e-" : "e+") + (size < 10 ? "0" : "") + "\(size)"
    }

    /// The power of ten of the first digit that is not zero.
    private static func exponent(of plain: String) -> Int {
        let parts = plain.drop { $0 == "-" }.split(separator: ".", omittingEmptySubsequences: false)
        if parts[0] != "0" { return parts[0].count - 1 }
        guard parts.count > 1 else { return 0 }
        return -(parts[1].prefix { $0 == "0" }.count + 1)
    }
}
