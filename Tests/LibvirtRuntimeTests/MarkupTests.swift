import FleetModel
import Testing

@testable import LibvirtRuntime

@Suite("Reading libvirt's documents") struct MarkupTests {
    private func element(_ text: String) throws -> MarkupElement { try MarkupElement(parsing: Array(text.utf8)) }

    @Test func elementsAttributesAndTextAreWhatTheySay() throws {
        let root = try element(
            """
            <?xml version='1.0'?><!-- <a> --><a one='1' two = "2">x<b/> y <b n='2'>z</b><![CDATA[<&]]></a >

            """)
        #expect(root.name == "a" && root.attributes == ["one": "1", "two": "2"])
        #expect(root.text == "x y <&" && root.word == "x y <&")
        #expect(root.children.map(\.name) == ["b", "b"] && root.children(named: "b")[1].text == "z")
        #expect(root["b"]?.word == nil && root["c", "d"] == nil)
    }

    @Test func referencesBecomeWhatTheyStandFor() throws {
        let root = try element("<a b='&lt;&gt;&amp;&quot;&apos;'>&#65;&#x1F600;\u{e9}</a>")
        #expect(root[attribute: "b"] == "<>&\"'" && root.text == "A\u{1F600}\u{e9}")
    }

    @Test(arguments: [
        "", "text", "<a>", "<a></b>", "</a>", "<a/><b/>", "<a b/>", "<a b=c/>", "<a b='1' b='2'/>", "<a b='<'/>", "<a",
        "<a b='1", "<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", "<a>&b;</a>", "<a>&#xD800;</a>", "<a>&</a>", "<!-- ",
        "<a>&#99999999;</a>", "<a><![CDATA[</a>", "<?xml", "< a/>", "<a>&lt</a>",
    ])
    func whatIsNotADocumentIsRefused(text: String) {
        #expect(throws: MarkupProblem.self) { try element(text) }
    }

    @Test func depthAndNumberHaveBounds() throws {
        let deep = String(repeating: "<a>", count: 64) + String(repeating: "</a>", count: 64)
        _ = try element(deep)
        #expect(throws: MarkupProblem.self) { try element("<a>\(deep)</a>") }
        #expect(throws: MarkupProblem.self) { try element("<a>" + String(repeating: "<b/>", count: 100_000) + "</a>") }
        #expect(throws: MarkupProblem.self) { try element("<a>" + String(repeating: " ", count: 4 << 20) + "</a>") }
    }

    /// Nothing that a byte can do to a document makes more of it than an error or a description.
    @Test func damageNeverDoesHarm() throws {
        var generator = Seeded(state: 7)
        let whole = Array(DescriptionTests.document.utf8)
        var read = 0
        for _ in 0..<4000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert("<>&\"'/=;".utf8.randomElement(using: &generator) ?? 0, at: place)
                default: bytes.removeSubrange(place...)
                }
                if bytes.isEmpty { break }
            }
            if let description = try? DomainDescription(parsing: bytes) {
                read += 1
                #expect((1...255).contains(description.virtualProcessors))
                #expect((1 << 20...1 << 50).contains(description.memory.count))
            }
        }
        #expect((1..<4000).contains(read))
    }
}

/// Numbers that come again with the same seed (SplitMix64).
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
