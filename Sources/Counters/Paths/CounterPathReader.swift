/// Reads one counter path from left to right.
struct CounterPathReader {
    private let text: String
    private let characters: [Character]
    private var place = 0

    init(_ text: String) {
        self.text = text
        characters = Array(text)
    }

    /// The whole path.
    mutating func path() throws(CounterError) -> CounterPath {
        if let place = characters.firstIndex(where: Self.isControl) { throw problem("a control character", at: place) }
        let machine = try machine()
        try expectBackslash("before the object")
        let object = try name("object") { $0 == "(" || $0 == #"\"# || $0 == ")" }
        if object.text.contains("*") { throw problem("an object's name has no wildcard", at: object.start) }
        let instance = try instance()
        try expectBackslash("before the counter")
        let counter = try name("counter") { $0 == #"\"# }
        if place < characters.count { throw problem(#"nothing may follow the counter, least of all a "\""#, at: place) }
        return CounterPath(
            machine: machine, object: object.text, instance: instance, counter: NamePattern(counter.text))
    }

    private mutating func machine() throws(CounterError) -> String? {
        guard characters.count >= 2, characters[0] == #"\"#, characters[1] == #"\"# else { return nil }
        place = 2
        return try name("machine") { $0 == #"\"# }.text
    }

    private mutating func expectBackslash(_ position: String) throws(CounterError) {
        guard place < characters.count, characters[place] == #"\"# else {
            throw problem(#"expected "\" \#(position)"#, at: place)
        }
        place += 1
    }

    /// A name up to one of the characters that end it. Spaces at its ends are taken for a slip.
    private mutating func name(
        _ what: String, until isEnd: (Character) -> Bool
    ) throws(CounterError) -> (text: String, start: Int) {
        let start = place
        while place < characters.count, !isEnd(characters[place]) { place += 1 }
        let text = String(characters[start..<place])
        guard !text.isEmpty else { throw problem("the \(what) has no name", at: start) }
        guard text.first != " ", text.last != " " else { throw problem("a space at an end of the \(what)", at: start) }
        return (text, start)
    }

    /// What stands in parentheses behind the object. An instance's name may hold parentheses of its own, as those of
    /// network adapters do: the one that ends it stands before a backslash.
    private mutating func instance() throws(CounterError) -> CounterPath.Instance? {
        guard place < characters.count, characters[place] == "(" else { return nil }
        let start = place + 1
        var end = start
        while end < characters.count, !isInstanceEnd(end) { end += 1 }
        guard end < characters.count else { throw problem(#"expected ")\" behind the instance"#, at: end) }
        place = end + 1
        return try Self.split(characters[start..<end]) { problem($0, at: $1) }
    }

    private func isInstanceEnd(_ place: Int) -> Bool {
        characters[place] == ")" && place + 1 < characters.count && characters[place + 1] == #"\"#
    }

    private static func split(
        _ whole: ArraySlice<Character>, _ problem: (String, Int) -> CounterError
    ) throws(CounterError) -> CounterPath.Instance {
        var rest = whole
        var parent: NamePattern?
        if let slash = rest.firstIndex(of: "/") {
            parent = NamePattern(String(rest[..<slash]))
            if slash == rest.startIndex { throw problem("the instance's parent has no name", slash) }
            rest = rest[(slash + 1)...]
        }
        let index = index(of: rest)
        if index != nil, let hash = rest.lastIndex(of: "#") { rest = rest[..<hash] }
        if rest.isEmpty { throw problem("the instance has no name; (*) means all of them", rest.startIndex) }
        return CounterPath.Instance(parent: parent, name: NamePattern(String(rest)), index: index)
    }

    /// The number behind the last `#`; anything else there belongs to the name.
    private static func index(of name: ArraySlice<Character>) -> Int? {
        guard let hash = name.lastIndex(of: "#") else { return nil }
        let digits = name[(hash + 1)...]
        guard !digits.isEmpty, digits.count <= 9, digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        return Int(String(digits))
    }

    private static func isControl(_ character: Character) -> Bool {
        character.unicodeScalars.contains { $0.properties.generalCategory == .control }
    }

    private func problem(_ reason: String, at place: Int) -> CounterError {
        .counterPath(text: text, column: place + 1, reason: reason)
    }
}
