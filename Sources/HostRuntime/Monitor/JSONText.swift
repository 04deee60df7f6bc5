/// JSON as text (RFC 8259), read and written by bytes: answers of a monitor come by the hundred a second, and a general
/// decoder that tries one type after the other takes most of an agent's time for them.
struct JSONText {
    /// How deep values may lie in others. QEMU's own lie a dozen deep.
    private static let deepest = 64

    private let bytes: [UInt8]
    private var place = 0

    /// The value that `bytes` are, with nothing but white space around it; `nil` where they are none.
    static func value(_ bytes: [UInt8]) -> JSONValue? {
        var text = JSONText(bytes: bytes)
        guard let value = text.value(depth: 0) else { return nil }
        text.skipSpace()
        return text.place == bytes.count ? value : nil
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d { place += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        place += 1
        return true
    }

    private mutating func value(depth: Int) -> JSONValue? {
        guard depth < Self.deepest else { return nil }
        skipSpace()
        switch next {
        case 0x7b: return object(depth: depth)
        case 0x5b: return array(depth: depth)
        case 0x22: return string().map { .string($0) }
        case 0x74: return word("true", .boolean(true))
        case 0x66: return word("false", .boolean(false))
        case 0x6e: return word("null", .null)
        default: return number()
        }
    }

    private mutating func word(_ text: StaticString, _ value: JSONValue) -> JSONValue? {
        let length = text.utf8CodeUnitCount
        guard place + length <= bytes.count else { return nil }
        let isMeant = text.withUTF8Buffer { buffer in unsafe bytes[place..<place + length].elementsEqual(buffer) }
        guard isMeant else { return nil }
        place += length
        return value
    }

    private mutating func object(depth: Int) -> JSONValue? {
        place += 1
        var members: [String: JSONValue] = [:]
        skipSpace()
        if take(0x7d) { return .object(members) }
        while true {
            skipSpace()
            guard next == 0x22, let key = string() else { return nil }
            skipSpace()
            guard take(0x3a), let value = value(depth: depth + 1) else { return nil }
            members[key] = value
            skipSpace()
            if take(0x7d) { return .object(members) }
            guard take(0x2c) else { return nil }
        }
    }

    private mutating func array(depth: Int) -> JSONValue? {
        place += 1
        var items: [JSONValue] = []
        skipSpace()
        if take(0x5d) { return .array(items) }
        while true {
            guard let value = value(depth: depth + 1) else { return nil }
            items.append(value)
            skipSpace()
            if take(0x5d) { return .array(items) }
            guard take(0x2c) else { return nil }
        }
    }

    // MARK: Text

    private mutating func string() -> String? {
        place += 1
        let start = place
        while let byte = next, byte != 0x22, byte != 0x5c {
            if byte < 0x20 { return nil }
            place += 1
        }
        guard let end = next else { return nil }
        if end == 0x22 {
            defer { place += 1 }
            return String(validating: bytes[start..<place], as: UTF8.self)
        }
        return stringWithEscapes(after: start)
    }

    private mutating func stringWithEscapes(after start: Int) -> String? {
        var text = Array(bytes[start..<place])
        while let byte = next {
            place += 1
            switch byte {
            case 0x22: return String(validating: text, as: UTF8.self)
            case 0x5c:
                guard let escaped = escape() else { return nil }
                text += escaped
            case ..<0x20: return nil
            default: text.append(byte)
            }
        }
        return nil
    }

    private mutating func escape() -> [UInt8]? {
        guard let byte = next else { return nil }
        place += 1
        switch byte {
        case 0x22, 0x5c, 0x2f: return [byte]
        case 0x62: return [0x08]
        case 0x66: return [0x0c]
        case 0x6e: return [0x0a]
        case 0x72: return [0x0d]
        case 0x74: return [0x09]
        case 0x75: return codePoint()
        default: return nil
        }
    }

    /// `XXXX`, and where that is the first half of a pair, `\uXXXX` after it.
    private mutating func codePoint() -> [UInt8]? {
        guard let first = unit() else { return nil }
        var code = UInt32(first)
        if (0xd800..<0xdc00).contains(code) {
            guard take(0x5c), take(0x75), let second = unit(), (0xdc00..<0xe000).contains(second) else { return nil }
            code = 0x10000 + (code - 0xd800) << 10 + (UInt32(second) - 0xdc00)
        }
        guard let scalar = Unicode.Scalar(code) else { return nil }
        return Array(String(Character(scalar)).utf8)
    }

    private mutating func unit() -> UInt16? {
        guard place + 4 <= bytes.count else { return nil }
        let digits = bytes[place..<place + 4]
        place += 4
        guard digits.allSatisfy({ Self.isHexadecimal($0) }) else { return nil }
        return UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
    }

    // MARK: Numbers

    private mutating func number() -> JSONValue? {
        let start = place
        _ = take(0x2d)
        let firstDigit = place
        guard skipDigits() else { return nil }
        // No number begins with a zero that means nothing.
        if bytes[firstDigit] == 0x30, place > firstDigit + 1 { return nil }
        var isWhole = true
        if take(0x2e) {
            isWhole = false
            guard skipDigits() else { return nil }
        }
        if next == 0x65 || next == 0x45 {
            isWhole = false
            place += 1
            if next == 0x2b || next == 0x2d { place += 1 }
            guard skipDigits() else { return nil }
        }
        let text = String(decoding: bytes[start..<place], as: UTF8.self)
        if isWhole, let value = Int64(text) { return .integer(value) }
        return Double(text).flatMap { $0.isFinite ? .number($0) : nil }
    }

    /// False where there is none.
    private mutating func skipDigits() -> Bool {
        let start = place
        while let byte = next, (0x30...0x39).contains(byte) { place += 1 }
        return place > start
    }
}

extension JSONText {
    /// `value` as text, members in the order of their names.
    static func bytes(of value: JSONValue) -> [UInt8] {
        var bytes: [UInt8] = []
        append(value, to: &bytes)
        return bytes
    }

    private static func append(_ value: JSONValue, to bytes: inout [UInt8]) {
        switch value {
        case .null: bytes += "null".utf8
        case .boolean(let flag): bytes += (flag ? "true" : "false").utf8
        case .integer(let number): bytes += "\(number)".utf8
        // JSON has no word for what is no number.
        case .number(let number): bytes += (number.isFinite ? "\(number)" : "null").utf8
        case .string(let text): append(text, to: &bytes)
        case .array(let items):
            bytes.append(0x5b)
            for (place, item) in items.enumerated() {
                if place > 0 { bytes.append(0x2c) }
                append(item, to: &bytes)
            }
            bytes.append(0x5d)
        case .object(let members):
            bytes.append(0x7b)
            for (place, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
                if place > 0 { bytes.append(0x2c) }
                append(member.key, to: &bytes)
                bytes.append(0x3a)
                append(member.value, to: &bytes)
            }
            bytes.append(0x7d)
        }
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(0x22)
        for byte in text.utf8 {
            switch byte {
            case 0x22, 0x5c: bytes += [0x5c, byte]
            case ..<0x20: bytes += "\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8
            default: bytes.append(byte)
            }
        }
        bytes.append(0x22)
    }
}
