import Console

/// What guests print.
extension FuzzTarget {
    /// A console's output, cut in two at the first byte's share. What passes the filter is the same however it is cut,
    /// passes again as it is, and has no control character beyond those of text and of harmless sequences.
    static let console = FuzzTarget(name: "console", seeds: { consoleSeeds.map { [128] + Array($0.utf8) } }) { bytes in
        guard let cut = bytes.first else { return }
        let text = Array(bytes.dropFirst())
        let passed = filtered([text])
        let first = text.count * Int(cut) / 255
        require(filtered([Array(text[..<first]), Array(text[first...])]) == passed, "it matters how the stream is cut")
        require(filtered([passed]) == passed, "what passed does not pass again")
        for (place, byte) in passed.enumerated() where byte < 0x20 || byte == 0x7f {
            require([0x08, 0x09, 0x0a, 0x0d, 0x0e, 0x0f, 0x1b].contains(byte), "a control character passed")
            guard byte == 0x1b else { continue }
            let next = place + 1 < passed.count ? passed[place + 1] : 0
            require(Array("[()78=>DEHM".utf8).contains(next), "an unknown sequence passed")
        }
        require(String(validating: passed, as: UTF8.self) != nil, "what passed is no text")
    }

    private static func filtered(_ pieces: [[UInt8]]) -> [UInt8] {
        var filter = ConsoleFilter()
        return pieces.flatMap { filter.pass($0) }
    }

    private static let consoleSeeds = [
        "login: \r\n\u{1b}[1;32mok\u{1b}[0m\u{1b}[2J\u{1b}[H\u{1b}(0lqk\u{1b}(B",
        "\u{1b}]0;t\u{07}\u{1b}P$qm\u{1b}\\\u{1b}[6n",
        "\u{1b}[?1049h\u{1b}[?25l\u{1b}[?1000h\u{1b}[>c\u{9b}ä€🎛\u{1b}7\u{1b}8\u{1b}[38:2::1:2:3m",
    ]
}
