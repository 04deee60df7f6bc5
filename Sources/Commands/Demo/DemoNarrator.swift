import FleetModel
import Foundation

/// Tells a person what happens: as a live view on a terminal, as lines anywhere else. With `--json` it speaks on
/// standard error, so that standard output holds the report alone.
final class DemoNarrator: Sendable {
    /// Whether the fleet is drawn again and again.
    let isLive: Bool
    private let isJSON: Bool
    private let lines = Locked<[String]>([])
    private let clock: any Clock = WallClock()

    init(options: DemoOptions) {
        isJSON = options.json
        isLive = !options.json && isatty(STDOUT_FILENO) == 1
        if isLive { write("\u{1b}[?1049h\u{1b}[?25l") }
    }

    /// Says one thing.
    func say(_ text: String) {
        let line = "\(Phrases.timeOfDay(clock.now))  \(PlainText.oneLine(text))"
        lines.withLock { $0.append(line) }
        if isJSON { StandardError.write(line + "\n") } else if !isLive { write(line + "\n") }
    }

    /// Shows the fleet as it is: on a terminal again and again, elsewhere not at all.
    func draw(_ view: DemoLive) {
        guard isLive else { return }
        var view = view
        view.lines = lines.withLock { $0 }
        let text = view.text(colours: true, now: clock.now)
        write("\u{1b}[H" + text.replacing("\n", with: "\u{1b}[K\n") + "\u{1b}[J")
    }

    /// Shows the fleet once, also where there is no terminal.
    func picture(_ view: DemoLive) {
        if isLive || isJSON { return }
        write(view.text(colours: false, now: clock.now) + "\n")
    }

    /// Gives the terminal back, with what was said left on it.
    func close() {
        guard isLive else { return }
        write("\u{1b}[?25h\u{1b}[?1049l" + lines.withLock { $0.joined(separator: "\n") } + "\n")
    }

    private func write(_ text: String) {
        FileHandle.standardOutput.write(Data(text.utf8))
    }
}
