import FleetModel
import FleetServer

/// What `evenkeel top` shows and where somebody looks: a value that keys and answers change, and that `TopScreen` draws.
struct TopState: Sendable {
    /// What is listed.
    enum Tab: Int, CaseIterable, Sendable {
        case hosts, machines, tips, operations

        var title: String {
            switch self {
            case .hosts: "hosts"
            case .machines: "VMs"
            case .tips: "tips"
            case .operations: "operations"
            }
        }
    }

    /// What the keyboard is for just now.
    enum Mode: Sendable, Equatable {
        /// Moving about.
        case list
        /// Typing a filter.
        case filter
        /// Looking at one thing: its lines, from one of them on.
        case detail([String], from: Int)
        /// Asked whether the tip's plan is to be carried out.
        case confirm(Int64, version: Int64?, [String])
        /// The keys.
        case help
    }

    /// What a key asks the outer world for.
    enum Request: Sendable, Equatable {
        case quit
        case refresh
        case openTip(Int64)
        case openOperation(Int64)
        case openMachine(String)
        /// The tip's plan as it is now, to ask about.
        case askApproval(Int64)
        case approve(Int64, version: Int64?)
    }

    var status: StatusView?
    var hosts: [HostView] = []
    var machines: [VirtualMachineView] = []
    var tips: [TipRow] = []
    var operations: [OperationView] = []
    /// What went wrong or was done last.
    var message = ""
    /// Whether `message` says that the last look at the server failed; the next look that succeeds takes it away.
    var isLost = false
    var now: Timestamp

    var tab = Tab.hosts
    var mode = Mode.list
    var filter = ""
    /// The row that is chosen, by tab: what it stands for, and its place over what the filter leaves, which counts where
    /// that is gone or nobody has chosen yet.
    private var chosen: [Tab: (place: Int, key: String?)] = [:]
    /// The column that rows are sorted by, by tab.
    private(set) var sorting: [Tab: Int] = [:]
    private(set) var isReversed: [Tab: Bool] = [:]

    init(now: Timestamp) { self.now = now }

    /// The place of the chosen row among `rows`: what was chosen stays so, wherever others push it.
    func selected(among rows: [TopRow]) -> Int {
        guard let (place, key) = chosen[tab] else { return 0 }
        return key.flatMap { key in rows.firstIndex { $0.key == key } } ?? max(0, min(place, rows.count - 1))
    }

    var sortColumn: Int { sorting[tab] ?? 0 }
    var isBackwards: Bool { isReversed[tab] ?? false }

    // MARK: Keys

    /// Takes a key; what it asks of the outer world is returned.
    mutating func press(_ key: TopKey) -> Request? {
        switch mode {
        case .filter: return typeFilter(key)
        case .detail(let lines, let first): return look(key, lines, first)
        case .confirm(let number, let version, _):
            mode = .list
            if key == .character("y") { return .approve(number, version: version) }
            message = "tip \(number) was not approved"
            return nil
        case .help:
            mode = .list
            return nil
        case .list: return move(key)
        }
    }

    private mutating func typeFilter(_ key: TopKey) -> Request? {
        switch key {
        case .enter: mode = .list
        case .escape:
            filter = ""
            mode = .list
        case .backspace: if !filter.isEmpty { filter.removeLast() }
        case .character(let character): if filter.count < 60 { filter.append(character) }
        default: break
        }
        chosen[tab] = nil
        return nil
    }

    private mutating func look(_ key: TopKey, _ lines: [String], _ first: Int) -> Request? {
        switch key {
        case .down, .character("j"): mode = .detail(lines, from: min(first + 1, max(0, lines.count - 1)))
        case .up, .character("k"): mode = .detail(lines, from: max(0, first - 1))
        case .pageDown, .character(" "): mode = .detail(lines, from: min(first + 10, max(0, lines.count - 1)))
        case .pageUp: mode = .detail(lines, from: max(0, first - 10))
        case .escape, .enter, .character("q"): mode = .list
        default: break
        }
        return nil
    }

    private mutating func move(_ key: TopKey) -> Request? {
        switch key {
        case .down, .character("j"): choose { place, _ in place + 1 }
        case .up, .character("k"): choose { place, _ in place - 1 }
        case .pageDown, .character(" "): choose { place, _ in place + 10 }
        case .pageUp: choose { place, _ in place - 10 }
        case .home: choose { _, _ in 0 }
        case .end: choose { _, count in count - 1 }
        case .tab, .right: turn(1)
        case .left: turn(-1)
        case .enter: return open()
        case .escape: filter = ""
        case .interrupt, .character("q"): return .quit
        case .character("/"): mode = .filter
        case .character("s"): sorting[tab] = (sortColumn + 1) % columns.count
        case .character("r"): isReversed[tab] = !isBackwards
        case .character("a"): return askApproval()
        case .character("?"), .character("h"): mode = .help
        case .character(let digit) where ("1"..."4").contains(digit):
            tab = digit.wholeNumberValue.flatMap { Tab(rawValue: $0 - 1) } ?? tab
        default: break
        }
        return nil
    }

    private mutating func turn(_ step: Int) {
        let count = Tab.allCases.count
        tab = Tab(rawValue: (tab.rawValue + step + count) % count) ?? tab
    }

    private mutating func choose(_ place: (_ from: Int, _ count: Int) -> Int) {
        let rows = rows
        let target = max(0, min(place(selected(among: rows), rows.count), rows.count - 1))
        chosen[tab] = (target, rows.indices.contains(target) ? rows[target].key : nil)
    }

    private mutating func open() -> Request? {
        guard let row = chosenRow else { return nil }
        switch tab {
        case .hosts:
            let own = machines.filter { $0.host == row.key }
            mode = .detail(
                ["Host \(row.key)", ""] + own.map { "  \($0.name)  \($0.state.rawValue)  \($0.memory)" }, from: 0)
            return nil
        case .machines: return .openMachine(row.key)
        case .tips: return Int64(row.key).map { .openTip($0) }
        case .operations: return Int64(row.key).map { .openOperation($0) }
        }
    }

    private mutating func askApproval() -> Request? {
        guard tab == .tips, let row = chosenRow, let tip = tips.first(where: { "\($0.number)" == row.key }) else {
            message = "choose a tip first (key 3)"
            return nil
        }
        if tip.state == .awaitingApproval { return .askApproval(tip.number) }
        message = "tip \(tip.number) is \(tip.state.rawValue)\(tip.state == .planned ? ": \(tip.proposal)" : "")"
        return nil
    }

    /// Asks whether the tip's plan is to be carried out, or says why nobody can say so any more.
    mutating func ask(about tip: TipView) {
        guard tip.state == .awaitingApproval else {
            message = "tip \(tip.number) is \(tip.state.rawValue)\(tip.planProblem.map { ": \($0)" } ?? "")"
            return
        }
        mode = .confirm(tip.number, version: tip.plan?.version, TipText.plan(tip) + TipText.checks(tip))
    }

    var chosenRow: TopRow? {
        let rows = rows
        let place = selected(among: rows)
        return rows.indices.contains(place) ? rows[place] : nil
    }
}

/// A row of a listing: what it stands for, its cells, and what sorts them.
struct TopRow: Sendable, Equatable {
    var key: String
    var cells: [String]
    var weights: [TopWeight]
    /// Whether it wants to be seen.
    var isLoud = false
}

/// What a cell is sorted by.
enum TopWeight: Sendable, Equatable, Comparable {
    /// Unknown comes last.
    case unknown
    case number(Double)
    case text(String)
}

/// A key.
enum TopKey: Sendable, Equatable {
    case character(Character)
    case up, down, left, right, pageUp, pageDown, home, end, enter, escape, tab, backspace, interrupt

    /// The keys that these bytes are (ECMA-48 and xterm's sequences); what is none of them is left out.
    static func keys(in bytes: [UInt8]) -> [TopKey] {
        var keys: [TopKey] = []
        var rest = bytes[...]
        while let first = rest.first {
            if first == 0x1b, let (key, length) = sequence(rest) {
                if let key { keys.append(key) }
                rest = rest.dropFirst(length)
                continue
            }
            rest = rest.dropFirst()
            switch first {
            case 0x03, 0x04: keys.append(.interrupt)
            case 0x09: keys.append(.tab)
            case 0x0a, 0x0d: keys.append(.enter)
            case 0x1b: keys.append(.escape)
            case 0x08, 0x7f: keys.append(.backspace)
            case 0x20...0x7e: keys.append(.character(Character(UnicodeScalar(first))))
            default: break
            }
        }
        return keys
    }

    /// The key of an escape sequence and its length; `nil` where it is none, and so the escape key itself.
    private static func sequence(_ bytes: ArraySlice<UInt8>) -> (key: TopKey?, length: Int)? {
        let all = Array(bytes.prefix(64))
        guard all.count > 2, all[1] == 0x5b || all[1] == 0x4f else { return nil }
        guard let end = all[2...].firstIndex(where: { (0x40...0x7e).contains($0) }) else { return (nil, all.count) }
        let number = String(decoding: all[2..<end], as: UTF8.self)
        let key: TopKey? =
            switch (all[end], number) {
            case (0x41, _): .up
            case (0x42, _): .down
            case (0x43, _): .right
            case (0x44, _): .left
            case (0x48, _), (0x7e, "1"), (0x7e, "7"): .home
            case (0x46, _), (0x7e, "4"), (0x7e, "8"): .end
            case (0x7e, "5"): .pageUp
            case (0x7e, "6"): .pageDown
            default: nil
            }
        return (key, end + 1)
    }
}
