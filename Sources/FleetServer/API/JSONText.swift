/// Writes JSON straight into bytes: query answers can be large, and their numbers have a form of their own.
struct JSONText {
    private(set) var bytes: [UInt8] = []
    private var needsComma = false

    mutating func object(_ body: (inout JSONText) -> Void) {
        nest(open: "{", close: "}", body)
    }

    mutating func array(_ body: (inout JSONText) -> Void) {
        nest(open: "[", close: "]", body)
    }

    mutating func member(_ name: String, _ value: String) {
        key(name)
        string(value)
    }

    mutating func key(_ name: String) {
        separate()
        quote(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    mutating func string(_ value: String) {
        separate()
        quote(value)
        needsComma = true
    }

    /// A moment as Prometheus writes it: seconds with up to three decimals.
    mutating func seconds(_ milliseconds: Int64) {
        separate()
        let magnitude = milliseconds.magnitude
        if milliseconds < 0 { bytes.append(UInt8(ascii: "-")) }
        bytes.append(contentsOf: "\(magnitude / 1000)".utf8)
        let rest = magnitude % 1000
        if rest != 0 {
            bytes.append(contentsOf: ".\(String(1000 + rest).dropFirst())".utf8)
            while bytes.last == UInt8(ascii: "0") { bytes.removeLast() }
        }
        needsComma = true
    }

    /// A sample's value as Prometheus writes it: a string, so that NaN and infinities can be said.
    mutating func sampleValue(_ value: Double) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: Self.text(of: value).utf8)
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
        let shortest = "\(value)"
        guard (1e-6..<1e21).contains(value.magnitude), let mark = shortest.firstIndex(of: "e") else { return shortest }
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

    private mutating func nest(open: Character, close: Character, _ body: (inout JSONText) -> Void) {
        separate()
        bytes.append(contentsOf: String(open).utf8)
        needsComma = false
        body(&self)
        bytes.append(contentsOf: String(close).utf8)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = false
    }

    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0x00..<0x20:
                let hex = String(byte, radix: 16)
                bytes.append(contentsOf: "\\u00\(hex.count == 1 ? "0" : "")\(hex)".utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
