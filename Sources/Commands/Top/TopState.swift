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
        case .character("?"), .character("h"): mode = .detail(TopScreen.help, from: 0)
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
