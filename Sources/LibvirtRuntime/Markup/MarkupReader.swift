/// Reads the part of XML 1.0 that libvirt writes (https://www.w3.org/TR/xml), piece by piece over bytes: elements,
/// attributes, text, CDATA, comments, the five named entities and character references. A document type, with which
/// entities could be defined, is refused; depth and size are bounded by whoever reads the pieces.
struct MarkupReader {
    enum Piece: Hashable {
        case begin(name: String, attributes: [String: String])
        case text(String)
        case end(name: String)
    }

    private let bytes: [UInt8]
    private(set) var place = 0
    /// The end that an element without content (`<name/>`) still owes.
    private var owed: String?

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The next piece; `nil` at the end of the document.
    mutating func next() throws(MarkupProblem) -> Piece? {
        if let name = owed {
            owed = nil
            return .end(name: name)
        }
        while place < bytes.count {
            guard bytes[place] == .lessThan else { return .text(try text()) }
            if skip("<!--") {
                try pass("-->")
            } else if skip("<![CDATA[") {
                let begin = place
                try pass("]]>")
                return .text(String(decoding: bytes[begin..<place - 3], as: UTF8.self))
            } else if skip("<?") {
                try pass("?>")
            } else if skip("<!") {
                throw problem("a document type or declaration, which is not read")
            } else if skip("</") {
                return .end(name: try endOfElement())
            } else {
                return try element()
            }
        }
        return nil
    }

    private mutating func element() throws(MarkupProblem) -> Piece {
        place += 1
        let name = try word()
        var attributes: [String: String] = [:]
        while true {
            skipSpace()
            if skip("/>") {
                owed = name
                break
            }
            if skip(">") { break }
            let key = try word()
            skipSpace()
            guard skip("=") else { throw problem("the attribute '\(key)' has no value") }
            skipSpace()
            let value = try quoted()
            guard attributes.updateValue(value, forKey: key) == nil else {
                throw problem("the attribute '\(key)' is there twice")
            }
        }
        return .begin(name: name, attributes: attributes)
    }

    private mutating func endOfElement() throws(MarkupProblem) -> String {
        let name = try word()
        skipSpace()
        guard skip(">") else { throw problem("the end of '\(name)' is not closed") }
        return name
    }

    private mutating func quoted() throws(MarkupProblem) -> String {
        guard place < bytes.count, bytes[place] == .quote || bytes[place] == .apostrophe else {
            throw problem("a value without quotes")
        }
        let quote = bytes[place]
        place += 1
        let begin = place
        while place < bytes.count, bytes[place] != quote {
            if bytes[place] == .lessThan { throw problem("'<' in a value") }
            place += 1
        }
        guard place < bytes.count else { throw problem("a value that does not end") }
        place += 1
        return try resolved(begin..<place - 1)
    }

    private mutating func text() throws(MarkupProblem) -> String {
        let begin = place
        place = bytes[begin...].firstIndex(of: .lessThan) ?? bytes.count
        return try resolved(begin..<place)
    }

    private mutating func word() throws(MarkupProblem) -> String {
        let begin = place
        while place < bytes.count, !Self.endsWord(bytes[place]) { place += 1 }
        guard place > begin else { throw problem("a name is missing") }
        return String(decoding: bytes[begin..<place], as: UTF8.self)
    }

    private static func endsWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 0...0x20, .lessThan, .greaterThan, .slash, .equals, .quote, .apostrophe, .ampersand: true
        default: false
        }
    }

    private mutating func skipSpace() {
        while place < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[place]) { place += 1 }
    }

    private mutating func skip(_ expected: StaticString) -> Bool {
        let matches = expected.withUTF8Buffer { unsafe bytes[place...].starts(with: $0) }
        if matches { place += expected.utf8CodeUnitCount }
        return matches
    }

    /// Goes on behind the next `end`.
    private mutating func pass(_ end: StaticString) throws(MarkupProblem) {
        let begin = place
        while place < bytes.count {
            if skip(end) { return }
            place += 1
        }
        place = begin
        throw problem("'\(end)' is missing")
    }

    func problem(_ text: String) -> MarkupProblem { MarkupProblem(text: text, place: place) }
}

/// Why a document cannot be read.
struct MarkupProblem: Error, Hashable {
    /// What is wrong.
    var text: String
    /// At which byte.
    var place: Int
}

extension MarkupProblem: CustomStringConvertible {
    var description: String { "\(text), at byte \(place)" }
}

extension MarkupReader {
    /// The text of a range with its references put in.
    private func resolved(_ range: Range<Int>) throws(MarkupProblem) -> String {
        guard bytes[range].contains(.ampersand) else { return String(decoding: bytes[range], as: UTF8.self) }
        var text: [UInt8] = []
        var rest = bytes[range]
        while let byte = rest.popFirst() {
            guard byte == .ampersand else {
                text.append(byte)
                continue
            }
            // The longest is &#x0010ffff; with its zeros left out.
            guard let end = rest.prefix(10).firstIndex(of: .semicolon),
                let scalar = Self.scalar(named: String(decoding: rest[..<end], as: UTF8.self))
            else { throw problem("a reference that is not known") }
            text += Array(String(Character(scalar)).utf8)
            rest = rest[(end + 1)...]
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func scalar(named name: String) -> Unicode.Scalar? {
        switch name {
        case "lt": "<"
        case "gt": ">"
        case "amp": "&"
        case "quot": "\""
        case "apos": "'"
        case _ where name.hasPrefix("#x"): UInt32(name.dropFirst(2), radix: 16).flatMap { Unicode.Scalar($0) }
        case _ where name.hasPrefix("#"): UInt32(name.dropFirst()).flatMap { Unicode.Scalar($0) }
        default: nil
        }
    }
}

extension UInt8 {
    fileprivate static let lessThan: UInt8 = 0x3c
    fileprivate static let greaterThan: UInt8 = 0x3e
    fileprivate static let slash: UInt8 = 0x2f
    fileprivate static let equals: UInt8 = 0x3d
    fileprivate static let quote: UInt8 = 0x22
    fileprivate static let apostrophe: UInt8 = 0x27
    fileprivate static let ampersand: UInt8 = 0x26
    fileprivate static let semicolon: UInt8 = 0x3b
}
