import FleetModel
import FleetServer

/// Draws `TopState` on a screen of so many characters: a pure function, exactly `height` lines, none longer than
/// `width`, and nothing in them that could act on a terminal but its own colours.
struct TopScreen {
    let width: Int
    let height: Int
    var hasColours = false

    /// Below this height the title and the foot are all that stands around the rows.
    private static let lowest = 8

    func lines(of state: TopState) -> [String] {
        let isLow = height < Self.lowest
        let head = isLow ? [cut(title(state))] : [cut(title(state)), cut(tabs(state)), ""]
        let tail = isLow ? [cut(foot(state))] : ["", cut(foot(state))]
        let room = max(0, height - head.count - tail.count)
        var body: [String]
        switch state.mode {
        case .detail(let lines, let first):
            body = Array(lines.dropFirst(first).prefix(room).flatMap(wrapped).prefix(room))
        case .confirm(let number, _, let plan): body = question(number, plan, room: room)
        case .list, .filter: body = list(state, room: room)
        }
        body += Array(repeating: "", count: max(0, room - body.count))
        return Array((head + body + tail).prefix(height))
    }

    /// What the keys do.
    static let help = [
        "1 2 3 4, Tab, arrows   hosts, VMs, tips, operations", "up, down, PgUp, PgDn   choose a row",
        "Enter                  open it", "a                      approve the chosen tip, after a question",
        "/                      filter; Enter keeps it, Esc drops it", "s                      sort by the next column",
        "r                      turn the order round", "q, Ctrl-C              leave", "",
        "up, down read on; Enter, Esc or q go back.",
    ]

    /// What somebody says yes to, whole as far as there is room; what is to be pressed stands at the foot.
    private func question(_ number: Int64, _ plan: [String], room: Int) -> [String] {
        let lines = (["Carry out the plan of tip \(number)?"] + plan)
            .flatMap { $0.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }.flatMap(wrapped)
        guard lines.count > room, room > 0 else { return Array(lines.prefix(room)) }
        return lines.prefix(room - 1)
            + [cut("(\(lines.count - room + 1) more lines: evenkeel tip show \(number))")]
    }

    /// A line in as many as it takes, broken at spaces where there are some; what follows the first stands further in.
    private func wrapped(_ text: String) -> [String] {
        let line = PlainText.oneLine(text)
        guard line.count > width, width > 0 else { return [cut(line)] }
        let margin = min(line.prefix { $0 == " " }.count + 2, width / 2)
        var (lines, rest) = ([String](), line[...])
        while rest.count > width - (lines.isEmpty ? 0 : margin) {
            let room = max(1, width - (lines.isEmpty ? 0 : margin))
            let head = rest.prefix(room)
            let indent = head.prefix { $0 == " " }.count
            let end = head.dropFirst(indent).lastIndex(of: " ").map { rest.index(after: $0) } ?? head.endIndex
            lines.append((lines.isEmpty ? "" : String(repeating: " ", count: margin)) + rest[..<end])
            rest = rest[end...]
        }
        return (lines + [(lines.isEmpty ? "" : String(repeating: " ", count: margin)) + rest]).map(cut)
    }

    private func title(_ state: TopState) -> String {
        guard let status = state.status else {
            return "Evenkeel: \(state.message.isEmpty ? "connecting" : state.message)"
        }
        let silent = status.silentHosts.isEmpty ? "" : ", \(status.silentHosts.count) silent"
        let critical = status.openTips[TipLevel.critical.rawValue] ?? 0
        let warning = status.openTips[TipLevel.warning.rawValue] ?? 0
        let scopes = (status.holds ?? []).map(\.scope)
        let stopped = scopes.contains(.fleet) ? "STOPPED (evenkeel stop --resume)  " : ""
        let others = scopes.filter { $0 != .fleet }.map(\.description).joined(separator: " ")
        let held = stopped + (others.isEmpty ? "" : "HELD: \(others)  ")
        // What is stopped comes first: a narrow terminal cuts the end of the line off.
        return held
            + "Evenkeel \(status.version)  automation \(status.automation.rawValue)  \(status.hosts) hosts\(silent)  "
            + "\(status.virtualMachines) VMs  tips \(critical) critical, \(warning) warning  "
            + "\(status.runningOperations.count) operations"
    }

    private func tabs(_ state: TopState) -> String {
        TopState.Tab.allCases.map { tab in
            let text = "\(tab.rawValue + 1) \(tab.title)"
            return tab == state.tab ? "[\(text)]" : " \(text) "
        }.joined(separator: " ") + (state.filter.isEmpty ? "" : "   filter: \(state.filter)")
    }

    private func foot(_ state: TopState) -> String {
        if case .confirm = state.mode { return "y: yes   any other key: no" }
        if state.mode == .filter { return "filter: \(state.filter)_" }
        if !state.message.isEmpty, state.status != nil { return state.message }
        return "Enter open   a approve   / filter   s sort   r reverse   ? keys   q quit"
    }

    // MARK: Listing

    private func list(_ state: TopState, room: Int) -> [String] {
        let rows = state.rows
        guard room > 1 else { return [] }
        let shown = room - 1
        let chosen = state.selected(among: rows)
        let first = max(0, min(chosen - shown / 2, rows.count - shown))
        let window = rows.dropFirst(first).prefix(shown)
        let titles = state.columns.enumerated().map { place, title in
            place == state.sortColumn ? title + (state.isBackwards ? "^" : "v") : title
        }
        let widths = titles.indices.map { column in
            max(
                titles[column].drop { $0 == ">" }.count,
                window.map { PlainText.oneLine($0.cells[column]).count }.max() ?? 0)
        }
        var lines = [cut(line(titles.map { String($0.drop { $0 == ">" }) }, titles, widths))]
        for (place, row) in window.enumerated() {
            let text = cut(line(row.cells.map(PlainText.oneLine), titles, widths))
            lines.append(styled(text, isChosen: first + place == chosen, isLoud: row.isLoud))
        }
        if rows.isEmpty { lines.append(state.filter.isEmpty ? "nothing here" : "nothing matches '\(state.filter)'") }
        return lines
    }

    private func line(_ cells: [String], _ titles: [String], _ widths: [Int]) -> String {
        zip(cells, zip(titles, widths)).map { cell, column in
            let space = String(repeating: " ", count: max(0, column.1 - cell.count))
            return column.0.hasPrefix(">") ? space + cell : cell + space
        }.joined(separator: "  ")
    }

    /// The chosen row is marked with `>` where there are no colours, and stands in reverse where there are.
    private func styled(_ text: String, isChosen: Bool, isLoud: Bool) -> String {
        guard hasColours else {
            return isChosen ? ">" + String(text.dropFirst(text.hasPrefix(" ") ? 1 : 0)).prefix(max(0, width - 1)) : text
        }
        if isChosen { return "\u{1b}[7m" + text + "\u{1b}[0m" }
        return isLoud ? "\u{1b}[1m" + text + "\u{1b}[0m" : text
    }

    private func cut(_ text: String) -> String { String(PlainText.oneLine(text).prefix(max(0, width))) }
}
