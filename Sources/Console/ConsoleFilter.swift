/// Takes out of a guest's output what it could do to the terminal of whoever looks on.
///
/// A guest is not trusted, and neither is what it prints: a terminal answers questions as if its user had typed, takes
/// titles and clipboards from anybody, and can be told to report, print and resize. What passes is printable text in
/// UTF-8, CR, LF, BS, TAB and the two shifts of character sets, and of the control sequences of ECMA-48 and of DEC's
/// terminals those that move the cursor, erase, insert, scroll, colour and choose a character set. All strings (OSC, DCS,
/// APC, PM, SOS), all questions, C1 controls, BEL and whatever is not known go. What does not end is given up, so that
/// nothing can hide what comes after it.
///
/// It works on a stream: how the bytes are cut into pieces makes no difference.
public struct ConsoleFilter: Sendable {
    private enum State: Sendable {
        case ground
        /// Inside a character of several bytes.
        case character(need: Int)
        /// Behind ESC.
        case escape
        /// Behind ESC and an intermediate byte that is not known.
        case escapeRest
        /// Behind ESC and the byte that says which set of characters is meant.
        case characterSet(UInt8)
        case control
        /// In a control sequence that is too long to be one.
        case controlRest
        case string(length: Int)
        /// Behind an ESC in a string.
        case stringEscape
    }

    private static let escape: UInt8 = 0x1b
    /// No sequence that passes is longer.
    private static let longestControl = 32
    private static let longestString = 4096

    private var state = State.ground
    /// The character or the sequence that has not ended.
    private var held: [UInt8] = []
    private var isAlternate = false
    private var output: [UInt8] = []

    /// A filter at the beginning of a stream.
    public init() {}

    /// What of `bytes` may go to a terminal.
    public mutating func pass(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        for byte in bytes { take(byte) }
        defer { output = [] }
        return output
    }

    /// What brings a terminal back to where it was before the stream: its character set, plain colours, the cursor, and
    /// the screen that the guest may have left.
    public var restoration: [UInt8] {
        Array("\u{0f}\u{1b}(B\u{1b}[m\u{1b}[?25h\u{1b}[?7h".utf8) + (isAlternate ? Array("\u{1b}[?1049l".utf8) : [])
    }

    private mutating func take(_ byte: UInt8) {
        switch state {
        case .ground: takeText(byte)
        case .character(let need): takeCharacter(byte, need)
        case .escape: takeEscape(byte)
        case .escapeRest: if !(0x20...0x2f).contains(byte) { end(unless: (0x30...0x7e).contains(byte), byte) }
        case .characterSet(let which):
            if [0x30, 0x41, 0x42].contains(byte) { output += [Self.escape, which, byte] }
            end(unless: (0x20...0x7e).contains(byte), byte)
        case .control: takeControl(byte)
        case .controlRest: if !(0x20...0x3f).contains(byte) { end(unless: (0x40...0x7e).contains(byte), byte) }
        case .string(let length): takeString(byte, length)
        case .stringEscape:
            state = .escape
            if byte == 0x5c { state = .ground } else { take(byte) }
        }
    }

    /// Goes back to text; a byte that is no part of what has ended is looked at as text.
    private mutating func end(unless isPart: Bool, _ byte: UInt8) {
        state = .ground
        held = []
        if !isPart { take(byte) }
    }

    // MARK: Text

    private mutating func takeText(_ byte: UInt8) {
        switch byte {
        case 0x08, 0x09, 0x0a, 0x0d, 0x0e, 0x0f, 0x20...0x7e: output.append(byte)
        case Self.escape: state = .escape
        case 0xc2...0xdf: begin(byte, need: 1)
        case 0xe0...0xef: begin(byte, need: 2)
        case 0xf0...0xf4: begin(byte, need: 3)
        case 0x80...0xff: output.append(0x3f)
        default: break
        }
    }

    private mutating func begin(_ byte: UInt8, need: Int) {
        held = [byte]
        state = .character(need: need)
    }

    private mutating func takeCharacter(_ byte: UInt8, _ need: Int) {
        guard (0x80...0xbf).contains(byte) else {
            output.append(0x3f)
            return end(unless: false, byte)
        }
        held.append(byte)
        if need > 1 {
            state = .character(need: need - 1)
            return
        }
        if let scalar = String(validating: held, as: UTF8.self)?.unicodeScalars.first {
            // C1 controls have two bytes each here.
            if scalar.value > 0x9f { output += held }
        } else {
            output.append(0x3f)
        }
        end(unless: true, byte)
    }

    // MARK: Sequences

    private mutating func takeEscape(_ byte: UInt8) {
        switch byte {
        case 0x5b: (state, held) = (.control, [])
        case 0x50, 0x58, 0x5d, 0x5e, 0x5f: state = .string(length: 0)
        case 0x28, 0x29: state = .characterSet(byte)
        case 0x20...0x2f: state = .escapeRest
        case Self.escape: break
        // Cursor and attributes kept and brought back, lines, tabulators, the keypad.
        case 0x37, 0x38, 0x3d, 0x3e, 0x44, 0x45, 0x48, 0x4d:
            output += [Self.escape, byte]
            state = .ground
        default: end(unless: (0x30...0x7e).contains(byte), byte)
        }
    }

    private mutating func takeControl(_ byte: UInt8) {
        switch byte {
        case 0x20...0x3f:
            held.append(byte)
            if held.count > Self.longestControl { state = .controlRest }
        case 0x40...0x7e:
            let sequence = ControlSequence(parameters: held, final: byte)
            if sequence.isHarmless {
                output += [Self.escape, 0x5b] + held + [byte]
                isAlternate = sequence.alternateScreen ?? isAlternate
            }
            end(unless: true, byte)
        default: end(unless: false, byte)
        }
    }

    private mutating func takeString(_ byte: UInt8, _ length: Int) {
        switch byte {
        case Self.escape: state = .stringEscape
        case 0x07, 0x18, 0x1a: state = .ground
        // No terminal's strings have lines: this one was never ended.
        case 0x0a, 0x0d: end(unless: false, byte)
        default: state = length < Self.longestString ? .string(length: length + 1) : .ground
        }
    }
}

/// What stands between `ESC [` and the byte that ends it (ECMA-48, 5.4).
struct ControlSequence {
    let parameters: [UInt8]
    let final: UInt8

    /// Moves, erases, inserts, deletes, scrolls, tabulators, colours, margins, keeping the cursor.
    private static let known = Set("ABCDEFGHIJKLMPSTXZ@`adefgmrsu".utf8)
    /// DEC's modes: cursor keys, reversed screen, origin, wrapping, the cursor's blinking and sight, the other screen.
    private static let modes: Set<Int> = [1, 5, 6, 7, 12, 25, 47, 1047, 1048, 1049]

    var isHarmless: Bool {
        if parameters.first == 0x3f { return isHarmlessOfDEC }
        guard let numbers = numbers(parameters) else { return false }
        switch final {
        // Insert mode.
        case 0x68, 0x6c: return numbers == [4]
        // With more numbers it is about the mouse.
        case 0x54: return numbers.count <= 1
        default: return Self.known.contains(final)
        }
    }

    private var isHarmlessOfDEC: Bool {
        guard let numbers = numbers(parameters.dropFirst()) else { return false }
        switch final {
        case 0x68, 0x6c: return !numbers.isEmpty && numbers.allSatisfy { Self.modes.contains($0) }
        case 0x4a, 0x4b: return true
        default: return false
        }
    }

    /// Whether it goes to the other screen, or comes back; `nil` where it does neither.
    var alternateScreen: Bool? {
        guard parameters.first == 0x3f, [0x68, 0x6c].contains(final),
            let numbers = numbers(parameters.dropFirst()), numbers.contains(where: { [47, 1047, 1049].contains($0) })
        else { return nil }
        return final == 0x68
    }

    /// The numbers, an absent one as 0; `nil` where something else stands between, or a number has more than five digits.
    private func numbers(_ bytes: some Sequence<UInt8>) -> [Int]? {
        var numbers: [Int] = []
        var number = 0
        var digits = 0
        var isEmpty = true
        for byte in bytes {
            isEmpty = false
            switch byte {
            case 0x30...0x39:
                digits += 1
                number = number * 10 + Int(byte - 0x30)
                if digits > 5 { return nil }
            case 0x3a where final == 0x6d, 0x3b:
                numbers.append(number)
                (number, digits) = (0, 0)
            default: return nil
            }
        }
        return isEmpty ? [] : numbers + [number]
    }
}
