import Foundation

/// The terminal as a full screen: raw keys, the alternate screen, no cursor; all of it given back by ``restore()``.
final class TopTerminal: Sendable {
    private let output = FileHandle.standardOutput

    /// Takes the screen over: the alternate buffer (xterm's 1049), the cursor hidden (DECTCEM).
    func begin() { write("\u{1b}[?1049h\u{1b}[?25l\u{1b}[2J") }

    /// Gives it back as it was.
    func restore() { write("\u{1b}[0m\u{1b}[?25h\u{1b}[?1049l") }

    /// Draws the lines from the top, each up to its end; nothing of what stood there before is left.
    func draw(_ lines: [String]) {
        let text = lines.map { $0 + "\u{1b}[K" }.joined(separator: "\r\n")
        write("\u{1b}[H" + text + "\u{1b}[J")
    }

    private func write(_ text: String) { try? output.write(contentsOf: Data(text.utf8)) }
}
