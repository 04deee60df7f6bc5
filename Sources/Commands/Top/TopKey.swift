/// A key.
enum TopKey: Sendable, Equatable {
    case character(Character)
    case up, down, left, right, pageUp, pageDown, home, end, enter, escape, tab, backspace, interrupt

    /// The keys that these bytes are (ECMA-48 and xterm's sequences, text as UTF-8); what is none of them is left out.
    static func keys(in bytes: [UInt8]) -> [TopKey] {
        var keys: [TopKey] = []
        var rest = bytes[...]
        while let first = rest.first {
            if first == 0x1b, let (key, length) = sequence(rest) {
                if let key { keys.append(key) }
                rest = rest.dropFirst(length)
                continue
            }
            rest = rest.dropFirst()
            switch first {
            case 0x03, 0x04: keys.append(.interrupt)
            case 0x09: keys.append(.tab)
            case 0x0a, 0x0d: keys.append(.enter)
            case 0x1b: keys.append(.escape)
            case 0x08, 0x7f: keys.append(.backspace)
            case 0x20...0x7e: keys.append(.character(Character(UnicodeScalar(first))))
            case 0xc2...0xf4:
                let length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
                let bytes = [first] + rest.prefix(length - 1)
                guard let character = String(validating: bytes, as: UTF8.self)?.first else { continue }
                keys.append(.character(character))
                rest = rest.dropFirst(length - 1)
            default: break
            }
        }
        return keys
    }

    /// The key of an escape sequence and its length; `nil` where it is none, and so the escape key itself.
    private static func sequence(_ bytes: ArraySlice<UInt8>) -> (key: TopKey?, length: Int)? {
        let all = Array(bytes.prefix(64))
        guard all.count > 2, all[1] == 0x5b || all[1] == 0x4f else { return nil }
        guard let end = all[2...].firstIndex(where: { (0x40...0x7e).contains($0) }) else { return (nil, all.count) }
        let number = String(decoding: all[2..<end], as: UTF8.self)
        let key: TopKey? =
            switch (all[end], number) {
            case (0x41, _): .up
            case (0x42, _): .down
            case (0x43, _): .right
            case (0x44, _): .left
            case (0x48, _), (0x7e, "1"), (0x7e, "7"): .home
            case (0x46, _), (0x7e, "4"), (0x7e, "8"): .end
            case (0x7e, "5"): .pageUp
            case (0x7e, "6"): .pageDown
            default: nil
            }
        return (key, end + 1)
    }
}
