/// What columns of the kernel's files hold besides whole numbers, still without a `String` in between.
extension Span where Element == UInt8 {
    /// Reads a decimal number that is not negative; `nil`, with `place` before it, where there is none or it is more
    /// than 63 bits hold.
    func counter(_ place: inout Int) -> Int64? {
        var end = place
        guard let value = decimal(&end), value >= 0 else { return nil }
        place = end
        return value
    }

    /// Reads a decimal number that is not negative and fits an index: of a logical processor, a node, a device.
    func index(_ place: inout Int) -> Int? {
        guard let value = counter(&place), value <= Int64(Int32.max) else { return nil }
        return Int(value)
    }

    /// Reads a number with or without digits behind a point, `26.63`.
    func fraction(_ place: inout Int) -> Double? {
        guard let whole = counter(&place) else { return nil }
        guard byte(at: place) == .point else { return Double(whole) }
        place += 1
        var digits: Int64 = 0
        var power: Int64 = 1
        while let digit = byte(at: place)?.decimalDigit {
            if power < 1_000_000_000 {
                digits = digits * 10 + digit
                power *= 10
            }
            place += 1
        }
        // One division of two exact whole numbers: the nearest value, as the compiler reads a literal.
        return (Double(whole) * Double(power) + Double(digits)) / Double(power)
    }

    /// Reads a number of hexadecimal digits after any blanks; `nil` where there is none or it has more than 15 digits.
    func hexadecimal(_ place: inout Int) -> Int64? {
        skipBlanks(&place)
        let start = place
        var value: Int64 = 0
        while let digit = byte(at: place)?.hexadecimalDigit {
            if place - start >= 15 { return nil }
            value = value << 4 | digit
            place += 1
        }
        return place > start ? value : nil
    }

    /// Where the next word of the line is, with `place` moved behind it; `nil` where the line ends first.
    func word(_ place: inout Int) -> Range<Int>? {
        skipBlanks(&place)
        let start = place
        return skipWord(&place) ? start..<place : nil
    }

    /// The first place of `byte` inside `range`.
    func firstPlace(of byte: UInt8, in range: Range<Int>) -> Int? {
        for place in range where self[place] == byte { return place }
        return nil
    }

    /// Whether the bytes of `range` are `text`, no more and no less.
    func holds(_ text: StaticString, in range: Range<Int>) -> Bool {
        range.count == text.utf8CodeUnitCount && hasPrefix(text, at: range.lowerBound)
    }

    /// Whether the bytes of `range` end with `text`.
    func ends(_ text: StaticString, in range: Range<Int>) -> Bool {
        range.count >= text.utf8CodeUnitCount && hasPrefix(text, at: range.upperBound - text.utf8CodeUnitCount)
    }

    /// The line from `place` on, without the newline and without blanks at its end.
    func line(from place: Int) -> Range<Int> {
        var end = place
        while end < count, self[end] != .newline { end += 1 }
        while end > place, self[end - 1] == .space || self[end - 1] == .tab { end -= 1 }
        return place..<end
    }

    /// The bytes of `range` as text. Names of up to 15 bytes, which those of interfaces and disks are, need no memory
    /// of their own.
    func text(_ range: Range<Int>) -> String {
        unsafe extracting(range).withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}

extension UInt8 {
    static let point: UInt8 = 0x2e
    static let colon: UInt8 = 0x3a
    static let equals: UInt8 = 0x3d
    static let slash: UInt8 = 0x2f
    static let backslash: UInt8 = 0x5c
    static let openBracket: UInt8 = 0x5b
    static let closeBracket: UInt8 = 0x5d

    /// The value of an ASCII hexadecimal digit.
    var hexadecimalDigit: Int64? {
        switch self {
        case 0x30...0x39: Int64(self &- 0x30)
        case 0x61...0x66: Int64(self &- 0x57)
        case 0x41...0x46: Int64(self &- 0x37)
        default: nil
        }
    }
}
