/// A name as somebody asks for it: case does not matter, `*` stands for any characters, also for none.
public struct NamePattern: Hashable, Sendable {
    /// The pattern as it was written.
    public let text: String
    private let wanted: [Character]

    /// A pattern; every text is one.
    public init(_ text: String) {
        self.text = text
        wanted = Array(text.lowercased())
    }

    /// Whether it can match more than one name.
    public var isWildcard: Bool { wanted.contains("*") }

    /// Whether `name` is meant. Takes at most the product of both lengths, however many stars there are.
    public func matches(_ name: String) -> Bool {
        let name = Array(name.lowercased())
        var (place, position) = (0, 0)
        // Where to go on when a later character does not fit: the last star then stands for one character more.
        var retry: (place: Int, position: Int)?
        while position < name.count {
            if place < wanted.count, wanted[place] == "*" {
                retry = (place, position)
                place += 1
            } else if place < wanted.count, wanted[place] == name[position] {
                place += 1
                position += 1
            } else if let last = retry {
                retry = (last.place, last.position + 1)
                place = last.place + 1
                position = last.position + 1
            } else {
                return false
            }
        }
        return wanted[place...].allSatisfy { $0 == "*" }
    }
}
