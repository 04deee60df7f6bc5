import FleetModel
import Foundation
import Testing

@testable import RulePacks

@Suite("Hostile files")
struct HostileFileTests {
    private func findings(_ text: String) -> [String] {
        RuleFileReader.read(text, file: "f.yaml", names: .anyText).findings.map(\.description)
    }

    /// Ten levels of nine aliases each: three and a half thousand million values.
    private static let bomb: String = {
        var text = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
        for level in 1...10 {
            let references = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ",")
            text += "a\(level): &a\(level) [\(references)]\n"
        }
        return text
    }()

    @Test("aliases that repeat aliases are refused once they come to too much")
    func valueBomb() {
        let found = findings(Self.bomb + "groups: *a10\n")
        #expect(
            found.contains {
                $0.contains("the file comes to more than 50000 values") || $0.contains("must be a mapping")
            })
        let rules = findings(
            Self.bomb + "groups:\n  - &g {name: g, rules: *a10}\n  - {name: h, labels: {<<: *a10}, rules: *a10}\n")
        #expect(!rules.isEmpty)
    }

    @Test(
        "an alias as a key, which alone would hash for years, is refused before it is read",
        arguments: [
            "? *a10\n: x\n", "*a10 : x\n", "{*a10 : x}\n", "{*a10:x}\n", "k: {[*a10, *a10]: x}\n", "k: {[*a10]:x}\n",
            "k: { {a: *a10}: x}\n", "k: {?[*a10]}\n", "k: {{a: *a10}:x}\n", "k: [? *a10 : x]\n", "? - *a10\n",
            "k: {&z [*a10]\t:x}\n", "?\n  *a10\n:\n  x\n",
        ])
    func keyBomb(tail: String) {
        #expect(findings(Self.bomb + tail).first?.contains("a key must be a word") == true)
    }

    @Test(
        "what only looks like an alias or a key is left alone where there are no anchors, and templates where there are"
    )
    func noFalseAlarm() {
        let rule =
            "groups:\n  - name: g\n    rules:\n      - alert: A\n        expr: up *on(a) b\n        annotations:\n"
        #expect(findings(rule + "          x: '{a}: is it? *b: yes & no'\n").isEmpty)
        #expect(findings(rule + "          x: &x '{{ $labels.host }}: down'\n          y: *x\n").isEmpty)
    }

    @Test("a line of nothing but signs is looked at once")
    func signs() {
        for sign in ["*", "&", "{", "{{ ", "?", "}:", "*a"] {
            let text = "a: &a x\n" + String(repeating: sign, count: 200_000 / sign.utf8.count)
            #expect(!findings(text).isEmpty)
        }
    }

    @Test("merge keys that merge themselves wider and wider end")
    func mergeBomb() {
        var text = "m0: &m0 {a: 1}\n"
        for level in 1...12 {
            let references = Array(repeating: "*m\(level - 1)", count: 9).joined(separator: ",")
            text += "m\(level): &m\(level) {<<: [\(references)], k\(level): 1}\n"
        }
        #expect(!findings(text + "groups: [*m12]\n").isEmpty)
    }

    @Test("depth", arguments: ["[", "{a: ", "- "])
    func deep(opening: String) {
        #expect(!findings("groups: \n  " + String(repeating: opening, count: 20_000)).isEmpty)
        let closing = opening == "[" ? "]" : opening == "- " ? "" : "}"
        let text = String(repeating: opening, count: 900) + "x" + String(repeating: closing, count: 900)
        #expect(!findings("groups:\n  " + text).isEmpty)
    }

    @Test("length, and bytes that are no text")
    func bytes() throws {
        let long = "groups: []\n# " + String(repeating: "x", count: 2 << 20)
        #expect(findings(long) == ["f.yaml: the file is longer than 1024 KiB"])
        try Places.withFolder(["a.yaml": long, "b.yaml": "groups: \u{0}"]) { folder in
            try Data([0xff, 0xfe, 0x00, 0xd8]).write(to: URL(filePath: folder).appending(path: "c.yaml"))
            let error = #expect(throws: RulePackError.self) { try RulePack.load(folder: folder) }
            #expect(error?.findings.map(\.place.file) == ["a.yaml", "b.yaml", "c.yaml"])
        }
    }

    @Test("a pack may not have anchors at all")
    func packAnchors() {
        let read = PackManifestReader.read("name: &a x\ntitle: *a\n", file: "pack.yaml")
        #expect(read.findings.contains { $0.message.contains("anchors and aliases are not allowed here") })
    }

    @Test("the bundled pack, damaged in a thousand ways, is read or refused and never more")
    func mutations() throws {
        let folder = URL(filePath: Places.hostPressure)
        let pack = Array(try Data(contentsOf: folder.appending(path: "pack.yaml")))
        let rules = Array(try Data(contentsOf: folder.appending(path: "host-pressure.rules.yaml")))
        var state: UInt64 = 7
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let bytes = Array("{}[]:-#&*?|>'\"%@`,\n\t 0a\u{ff}".utf8)
        for round in 0..<1000 {
            var text = round.isMultiple(of: 2) ? rules : pack
            for _ in 0...random(3) {
                let place = random(text.count)
                switch random(3) {
                case 0: text[place] = bytes[random(bytes.count)]
                case 1: text.removeSubrange(place..<min(text.count, place + 1 + random(40)))
                default:
                    text.insert(contentsOf: text[place..<min(text.count, place + random(60))], at: random(text.count))
                }
            }
            let damaged = String(decoding: text, as: UTF8.self)
            if round.isMultiple(of: 2) {
                _ = RuleFileReader.read(damaged, file: "f.yaml", names: .classic)
            } else {
                _ = PackManifestReader.read(damaged, file: "pack.yaml")
            }
        }
    }
}
