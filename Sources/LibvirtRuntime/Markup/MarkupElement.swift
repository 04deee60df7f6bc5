/// An element of a document with all that is in it.
struct MarkupElement: Hashable {
    let name: String
    let attributes: [String: String]
    private(set) var children: [MarkupElement] = []
    /// Its own text, without that of its children.
    private(set) var text = ""

    /// Deeper than libvirt's documents ever are.
    static let deepest = 64
    /// libvirt itself takes no description of more than 4 MiB from its clients' wire.
    static let largest = 4 << 20
    static let mostElements = 100_000

    private init(name: String, attributes: [String: String]) {
        self.name = name
        self.attributes = attributes
    }

    /// Reads a whole document: its one outermost element.
    init(parsing bytes: [UInt8]) throws(MarkupProblem) {
        var reader = MarkupReader(bytes)
        guard bytes.count <= Self.largest else { throw reader.problem("more than \(Self.largest) bytes") }
        var open: [MarkupElement] = []
        var whole: MarkupElement?
        var count = 0
        while let piece = try reader.next() {
            switch piece {
            case .begin(let name, let attributes):
                count += 1
                guard whole == nil else { throw reader.problem("a second outermost element") }
                guard open.count < Self.deepest, count <= Self.mostElements else {
                    throw reader.problem("too many elements")
                }
                open.append(MarkupElement(name: name, attributes: attributes))
            case .text(let text):
                if !open.isEmpty { open[open.count - 1].text += text }
            case .end(let name):
                guard let closed = open.popLast(), closed.name == name else {
                    throw reader.problem("'\(name)' ends where it is not open")
                }
                if open.isEmpty { whole = closed } else { open[open.count - 1].children.append(closed) }
            }
        }
        guard let whole, open.isEmpty else { throw reader.problem("the document ends too early") }
        self = whole
    }

    /// The first child on a way of names.
    subscript(_ way: String...) -> MarkupElement? {
        var element = self
        for name in way {
            guard let next = element.children.first(where: { $0.name == name }) else { return nil }
            element = next
        }
        return element
    }

    func children(named name: String) -> [MarkupElement] { children.filter { $0.name == name } }

    /// An attribute of it.
    subscript(attribute name: String) -> String? { attributes[name] }

    /// Its text without the space around it; `nil` where there is none.
    var word: String? {
        let inner = text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()
        return inner.isEmpty ? nil : String(inner)
    }
}
