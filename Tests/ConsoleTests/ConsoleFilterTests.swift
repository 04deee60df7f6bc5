import Testing

@testable import Console

@Suite("What of a console goes to a terminal")
struct ConsoleFilterTests {
    private func pass(_ text: String) -> String {
        var filter = ConsoleFilter()
        return String(decoding: filter.pass(text.utf8), as: UTF8.self)
    }

    @Test(
        "Text, lines, colours and moves pass as they are",
        arguments: [
            "login: \r\n\tname\u{08} ", "Grüße, 世界 🎛", "\u{1b}[1;32mok\u{1b}[0m", "\u{1b}[2J\u{1b}[H", "\u{1b}[10;20Hx",
            "\u{1b}[38;2;1;2;3mred\u{1b}[m", "\u{1b}[4:3mwavy", "\u{1b}[?25l\u{1b}[?25h", "\u{1b}[?1049h\u{1b}[?1049l",
            "\u{1b}7\u{1b}8\u{1b}M\u{1b}=\u{1b}>", "\u{1b}(0lqk\u{1b}(B", "\u{0e}x\u{0f}", "\u{1b}[3;20r", "\u{1b}[K",
            "\u{1b}[4h",
        ])
    func harmless(_ text: String) { #expect(pass(text) == text) }

    @Test(
        "What makes a terminal answer, act or listen to the guest goes",
        arguments: [
            ("\u{1b}]0;title\u{07}a", "a"), ("\u{1b}]52;c;c2VjcmV0\u{1b}\\a", "a"), ("\u{1b}P$qm\u{1b}\\a", "a"),
            ("\u{1b}_app\u{1b}\\a", "a"), ("\u{1b}^pm\u{1b}\\a", "a"), ("\u{1b}Xsos\u{1b}\\a", "a"),
            ("\u{1b}[6na", "a"),
            ("\u{1b}[ca", "a"), ("\u{1b}[>ca", "a"), ("\u{1b}[=ca", "a"), ("\u{1b}[21ta", "a"), ("\u{1b}[?1000ha", "a"),
            ("\u{1b}[?25;1000ha", "a"), ("\u{1b}[?2004ha", "a"), ("\u{1b}[5ia", "a"), ("\u{1b}[99999ba", "a"),
            ("\u{1b}[1;2;3;4;5Ta", "a"), ("\u{1b}[?6na", "a"), ("\u{1b}[$pa", "a"), ("\u{1b}[?25$pa", "a"),
            ("\u{1b}[>qa", "a"),
            ("\u{1b}[!pa", "a"), ("\u{1b}[123456Ca", "a"), ("\u{1b}ca", "a"), ("\u{1b}Za", "a"), ("\u{1b}#8a", "a"),
            ("\u{1b}%Ga", "a"), ("\u{1b}(Ka", "a"), ("a\u{07}b\u{05}\u{7f}c", "abc"), ("a\u{9b}6nb\u{85}", "a6nb"),
            ("\u{1b}[20ha", "a"), ("\u{1b}[>4;1ma", "a"), ("\u{1b}[?38ma", "a"),
        ])
    func taken(_ text: String, _ expected: String) { #expect(pass(text) == expected) }

    @Test("What never ends hides nothing that comes after it")
    func unfinished() {
        #expect(pass("\u{1b}]0;title\r\nlogin: ") == "\r\nlogin: ")
        #expect(pass("\u{1b}]" + String(repeating: "x", count: 5000)).count == 5000 - 4097)
        #expect(pass("\u{1b}[" + String(repeating: "1;", count: 500) + "mok") == "ok")
        #expect(pass("\u{1b}[1\nok") == "\nok" && pass("\u{1b}\u{1b}[1mok") == "\u{1b}[1mok")
        #expect(pass("\u{1b}]0;a\u{1b}[31mok") == "\u{1b}[31mok")
    }

    @Test("Bytes that are no text are shown as such")
    func notText() {
        var filter = ConsoleFilter()
        let bytes: [UInt8] = [0x61, 0xff, 0x9b, 0xc3, 0x62, 0xe2, 0x82, 0x1b, 0x5b, 0x6d, 0xed, 0xa0, 0x80, 0xc0, 0x80]
        #expect(String(decoding: filter.pass(bytes), as: UTF8.self) == "a???b?\u{1b}[m???")
    }

    @Test("How the stream is cut makes no difference, and what passed passes again")
    func pieces() {
        let text = "ä\u{1b}[1;31m€\u{1b}]0;t\u{07}x\u{1b}(0q\u{1b}[?1049h🎛\u{9c}\u{1b}[6ny\u{1b}P1\u{1b}\\z"
        let whole = pass(text)
        for size in 1...7 {
            var filter = ConsoleFilter()
            let bytes = Array(text.utf8)
            let parts = stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min($0 + size, bytes.count)] }
            #expect(String(decoding: parts.flatMap { filter.pass($0) }, as: UTF8.self) == whole)
        }
        #expect(pass(whole) == whole)
    }

    @Test("A guest that leaves the other screen up is not left with it")
    func restoration() {
        var filter = ConsoleFilter()
        #expect(!String(decoding: filter.restoration, as: UTF8.self).contains("1049"))
        _ = filter.pass("\u{1b}[?1049h".utf8)
        #expect(String(decoding: filter.restoration, as: UTF8.self).hasSuffix("\u{1b}[?1049l"))
        _ = filter.pass("\u{1b}[?1049l".utf8)
        #expect(!String(decoding: filter.restoration, as: UTF8.self).contains("1049"))
    }
}

/// What must hold for whatever a guest prints; the fuzzer `console` goes on where this ends.
@Suite("Any bytes at a terminal")
struct ConsoleFilterPropertyTests {
    private struct Seeded: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 29
        }
    }

    @Test("They leave text in UTF-8 and known sequences alone, which pass again")
    func anything() {
        var generator = Seeded(state: 42)
        // Bytes that sequences are made of, more often than by chance.
        let likely =
            Array("\u{1b}\u{1b}\u{1b}[[]P_^X\\?;0123456789hlmHJnct(0B7\u{07}\r\n x\u{9b}ä".utf8) + [0x9b, 0xff]
        for _ in 0..<5000 {
            let bytes = (0..<Int.random(in: 1...60, using: &generator)).map { _ in
                Bool.random(using: &generator)
                    ? likely[Int.random(in: 0..<likely.count, using: &generator)]
                    : UInt8.random(in: 0...255, using: &generator)
            }
            var filter = ConsoleFilter()
            let passed = filter.pass(bytes)
            var again = ConsoleFilter()
            #expect(again.pass(passed) == passed, "\(bytes)")
            #expect(String(validating: passed, as: UTF8.self) != nil, "\(bytes)")
            for (place, byte) in passed.enumerated() where byte == 0x1b {
                let next = place + 1 < passed.count ? passed[place + 1] : 0
                #expect("[()78=>DEHM".utf8.contains(next), "\(bytes)")
            }
            #expect(passed.allSatisfy { $0 >= 0x20 && $0 != 0x7f || [8, 9, 10, 13, 14, 15, 27].contains($0) })
        }
    }
}
