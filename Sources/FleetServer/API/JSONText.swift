/// Writes JSON straight into bytes: query answers can be large, and their numbers have a form of their own.
struct JSONText {
    private(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// Gives away what was written so far; what follows goes on behind it.
    mutating func takeBytes() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }

    // MARK: Structure

    mutating func object(_ body: (inout JSONText) -> Void) {
        open("{")
        body(&self)
        close("}")
    }

    mutating func array(_ body: (inout JSONText) -> Void) {
        open("[")
        body(&self)
        close("]")
    }

    /// Begins an object or an array that `close` ends, for what is written in pieces.
    mutating func open(_ sign: Unicode.Scalar) {
        separate()
        bytes.append(UInt8(ascii: sign))
        needsComma = false
    }

    mutating func close(_ sign: Unicode.Scalar) {
        bytes.append(UInt8(ascii: sign))
        needsComma = true
    }

    mutating func key(_ name: String) {
        separate()
        quote(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    // MARK: Members

    mutating func member(_ name: String, _ value: String) {
        key(name)
        string(value)
    }

    mutating func member(_ name: String, _ value: Int) {
        key(name)
        number(value)
    }

    mutating func member(_ name: String, _ value: Double) {
        key(name)
        number(value)
    }

    mutating func member(_ name: String, _ value: Bool) {
        key(name)
        raw(value ? "true" : "false")
    }

    mutating func member(_ name: String, _ values: some Sequence<String>) {
        key(name)
        array { json in for value in values { json.string(value) } }
    }

    mutating func object(_ name: String, _ body: (inout JSONText) -> Void) {
        key(name)
        object(body)
    }

    mutating func array(_ name: String, _ body: (inout JSONText) -> Void) {
        key(name)
        array(body)
    }

    mutating func null(_ name: String) {
        key(name)
        raw("null")
    }

    // MARK: Values

    mutating func string(_ value: String) {
        separate()
        quote(value)
        needsComma = true
    }

    mutating func number(_ value: Int) {
        separate()
        append(Int64(value))
        needsComma = true
    }

    /// A number; one that JSON cannot say is null.
    mutating func number(_ value: Double) {
        raw(value.isFinite ? Self.text(of: value) : "null")
    }

    private mutating func raw(_ text: String) {
        separate()
        bytes.append(contentsOf: text.utf8)
        needsComma = true
    }

    /// A moment as Prometheus writes it: seconds, with three decimals where they are not all zero.
    mutating func seconds(_ milliseconds: Int64) {
        separate()
        let magnitude = milliseconds.magnitude
        if milliseconds < 0 { bytes.append(UInt8(ascii: "-")) }
        append(Int64(magnitude / 1000))
        let rest = UInt8(ascii: "0")
        let decimals = Int(magnitude % 1000)
        if decimals != 0 {
            bytes.append(UInt8(ascii: "."))
            for part in [decimals / 100, decimals / 10 % 10, decimals % 10] { bytes.append(rest + UInt8(part)) }
        }
        needsComma = true
    }

    /// A sample's value as Prometheus writes it: a string, so that NaN and infinities can be said.
    mutating func sampleValue(_ value: Double) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        if value.magnitude < 9e15, value == value.rounded(.towardZero), value != 0 || value.sign == .plus {
            append(Int64(value))
        } else if !appendPlain(value) {
            bytes.append(contentsOf: Self.text(of: value).utf8)
        }
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// `1`, `0.25`, `1e+21`, `NaN`, `+Inf`, `-Inf`: the shortest digits that give the value back, with an exponent
    /// below 1e-6 and from 1e21 on (prometheus `util/jsonutil`: `MarshalFloat`).
    static func text(of value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value == value.rounded(.towardZero), value.magnitude < 9e15 {
            return value == 0 && value.sign == .minus ? "-0" : "\(Int64(value))"
        }
        return (1e-6..<1e21).contains(value.magnitude) ? positionalText(of: value) : "\(value)"
    }

    /// The same without an exponent at any size, as Prometheus writes scalars.
    static func positionalText(of value: Double) -> String {
        guard value.isFinite else { return text(of: value) }
        let shortest = "\(value)"
        guard let mark = shortest.firstIndex(of: "e") else {
            return shortest.hasSuffix(".0") ? String(shortest.dropLast(2)) : shortest
        }
        return positional(shortest[..<mark], exponent: Int(shortest[shortest.index(after: mark)...]) ?? 0)
    }

    /// `-1.5` and 16 as `-15000000000000000`.
    private static func positional(_ mantissa: Substring, exponent: Int) -> String {
        let sign = mantissa.hasPrefix("-") ? "-" : ""
        let parts = mantissa.dropFirst(sign.count).split(separator: ".", omittingEmptySubsequences: false)
        let fraction = parts.count > 1 && parts[1] != "0" ? String(parts[1]) : ""
        let digits = String(parts[0]) + fraction
        let point = parts[0].count + exponent
        if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
        if point >= digits.count { return sign + digits + String(repeating: "0", count: point - digits.count) }
        return sign + digits.prefix(point) + "." + digits.dropFirst(point)
    }

    // MARK: Bytes

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = false
    }

    private mutating func append(_ number: Int64) {
        var rest = number.magnitude
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        let start = bytes.count
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        bytes[start...].reverse()
    }

    /// Appends a number whose shortest digits need no exponent, which nearly all samples are; `false`, and nothing
    /// appended, for the others.
    private mutating func appendPlain(_ value: Double) -> Bool {
        var digits = value.description
        return digits.withUTF8 { digits in
            // A point with digits on both sides: no exponent, not a whole number, not NaN or infinite.
            guard unsafe !digits.contains(UInt8(ascii: "e")), unsafe digits.contains(UInt8(ascii: ".")),
                unsafe !digits.suffix(2).elementsEqual(".0".utf8)
            else { return false }
            unsafe bytes.append(contentsOf: digits)
            return true
        }
    }

    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        if text.utf8.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) {
            for byte in text.utf8 { escape(byte) }
        } else {
            bytes.append(contentsOf: text.utf8)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            bytes.append(UInt8(ascii: "\\"))
            bytes.append(byte)
        case UInt8(ascii: "\n"): bytes.append(contentsOf: "\\n".utf8)
        case UInt8(ascii: "\r"): bytes.append(contentsOf: "\\r".utf8)
        case UInt8(ascii: "\t"): bytes.append(contentsOf: "\\t".utf8)
        case 0x00..<0x20:
            let hex = String(byte, radix: 16)
            bytes.append(contentsOf: "\\u00\(hex.count == 1 ? "0" : "")\(hex)".utf8)
        default: bytes.append(byte)
        }
    }
}
