/// Reading decimal numbers and words straight from bytes: the kernel's text files without a `String` in between.
extension Span where Element == UInt8 {
    /// Whether the bytes from `place` on begin with `text`.
    func hasPrefix(_ text: StaticString, at place: Int = 0) -> Bool {
        guard place >= 0, place + text.utf8CodeUnitCount <= count else { return false }
        return text.withUTF8Buffer { expected in
            for offset in expected.indices where unsafe self[place + offset] != expected[offset] { return false }
            return true
        }
    }

    /// Moves `place` past spaces and tabs.
    func skipBlanks(_ place: inout Int) {
        while place < count, self[place] == .space || self[place] == .tab { place += 1 }
    }

    /// Reads a decimal number after any blanks and moves `place` behind it; `nil`, with `place` where it was after the
    /// blanks, when there is none or it does not fit.
    func decimal(_ place: inout Int) -> Int64? {
        skipBlanks(&place)
        var end = place
        let isNegative = end < count && self[end] == .minus
        if isNegative { end += 1 }
        let firstDigit = end
        var value: Int64 = 0
        while end < count, let digit = self[end].decimalDigit {
            let (shifted, firstOverflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, secondOverflow) = shifted.addingReportingOverflow(digit)
            if firstOverflow || secondOverflow { return nil }
            value = sum
            end += 1
        }
        if end == firstDigit { return nil }
        place = end
        return isNegative ? -value : value
    }

    /// Reads a count of ticks of 10 ms: a decimal number that is no more than 31 years, so that sums of it in
    /// nanoseconds stay inside 64 bits.
    func ticks(_ place: inout Int) -> Int64? {
        guard let value = decimal(&place), value >= 0, value <= 100_000_000_000 else { return nil }
        return value
    }

    /// Moves `place` behind the next word, whatever it is; `false` where the line or the bytes end first.
    func skipWord(_ place: inout Int) -> Bool {
        skipBlanks(&place)
        let start = place
        while place < count, self[place] != .space, self[place] != .tab, self[place] != .newline { place += 1 }
        return place > start
    }

    /// The place behind the next newline, or the end.
    func lineEnd(from place: Int) -> Int {
        var end = place
        while end < count, self[end] != .newline { end += 1 }
        return Swift.min(end + 1, count)
    }
}

extension UInt8 {
    static let space: UInt8 = 0x20
    static let tab: UInt8 = 0x09
    static let newline: UInt8 = 0x0a
    static let minus: UInt8 = 0x2d
    static let openParenthesis: UInt8 = 0x28
    static let closeParenthesis: UInt8 = 0x29

    /// The value of an ASCII digit.
    var decimalDigit: Int64? {
        self >= 0x30 && self <= 0x39 ? Int64(self &- 0x30) : nil
    }
}
