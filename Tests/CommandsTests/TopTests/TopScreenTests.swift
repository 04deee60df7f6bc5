import FleetModel
import FleetServer
import Foundation
import Testing

@testable import Commands

@Suite("A fleet on a whole terminal")
struct TopScreenTests {
    static let now = Timestamp(milliseconds: 1_800_000_000_000)

    static func state(hosts: Int = 3) throws -> TopState {
        var state = TopState(now: now)
        state.hosts = try (1...hosts).map { number in
            try decoded(
                """
                {"name": "kvm\(number)", "cluster": "lab", "available": \(number != 3), "lastReport": 1,
                 "agentVersion": "1", "accelerator": "kvm", "logicalProcessors": 8, "processors": [], "memory": 1073741824,
                 "virtualMachines": \(number), "processorUse": \(number == 3 ? "null" : "0.\(number)5")}
                """)
        }
        state.tips = [TipRow(try tip(4, .awaitingApproval)), TipRow(try tip(9, .running))]
        return state
    }

    static func tip(_ number: Int64, _ tipState: TipState) throws -> TipView {
        let host = try #require(HostName("kvm1"))
        let cluster = try #require(ClusterName("lab"))
        let machine = try #require(VirtualMachineID("00000000-0000-4000-8000-000000000001"))
        let action = PlannedAction(
            kind: .migrate(virtualMachine: machine, from: host, to: try #require(HostName("kvm2"))),
            virtualMachineName: "web-1",
            prediction: Prediction(
                sourceProcessor: nil, destinationProcessor: nil, sourceMemory: nil, destinationMemory: nil))
        return TipView(
            Tip(
                number: number, pack: "p", alert: "A", subject: .host(host, cluster: cluster), level: .critical,
                title: "kvm1 is hot\u{1b}[2J", body: "b", knowledge: "k", evidence: [], remediation: "relieve-host",
                plan: Plan(actions: [action], explanation: "e", snapshotVersion: 77), state: tipState,
                raised: now - .seconds(60), updated: now))
    }

    static func decoded<Value: Decodable>(_ json: String) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(json.utf8))
    }

    @Test("Whatever the size, there are as many lines as the terminal has, and none is too long or acts on it")
    func fits() throws {
        var state = try Self.state(hosts: 40)
        let modes: [TopState.Mode] = [
            .list, .filter, .detail(TopScreen.help, from: 0), .detail(["one", "two\u{1b}]0;x\u{7}"], from: 0),
            .confirm(4, version: 1, ["plan"]),
        ]
        for tab in TopState.Tab.allCases {
            state.tab = tab
            for mode in modes {
                state.mode = mode
                for (width, height) in [(1, 1), (20, 5), (80, 24), (300, 100), (40, 3)] {
                    let lines = TopScreen(width: width, height: height).lines(of: state)
                    #expect(lines.count == height, "\(tab) \(mode) \(width)x\(height)")
                    #expect(lines.allSatisfy { $0.count <= width })
                    #expect(lines.allSatisfy { !$0.unicodeScalars.contains { $0.value < 0x20 } })
                }
            }
        }
    }

    @Test("On a terminal of five lines there are rows between the title and the foot")
    func low() throws {
        let lines = TopScreen(width: 20, height: 5).lines(of: try Self.state())
        #expect(lines[0].hasPrefix("Evenkeel") && lines[2].hasPrefix(">") && lines[2].contains("kvm"), "\(lines)")
        #expect(lines[3].contains("kvm") && lines[4].hasPrefix("Enter open"))
    }

    @Test("Rows are sorted by any column, either way, with what is unknown last; a filter leaves what it names")
    func sorting() throws {
        var state = try Self.state()
        #expect(state.rows.map(\.key) == ["kvm1", "kvm2", "kvm3"])
        _ = state.press(.character("s"))
        #expect(state.rows.map(\.key) == ["kvm2", "kvm1", "kvm3"], "the busiest first, the unknown last")
        _ = state.press(.character("r"))
        #expect(state.rows.map(\.key) == ["kvm3", "kvm1", "kvm2"])
        for key in "/VM2" { _ = state.press(.character(key)) }
        #expect(state.rows.map(\.key) == ["kvm2"] && state.filter == "VM2")
        _ = state.press(.backspace)
        _ = state.press(.enter)
        #expect(state.rows.count == 3 && state.mode == .list)
        _ = state.press(.escape)
        #expect(state.filter.isEmpty)
    }

    @Test("Approving asks first, names the plan that was shown, and no other key than y says yes")
    func approving() throws {
        var state = try Self.state()
        #expect(state.press(.character("a")) == nil)
        #expect(state.message == "choose a tip first (key 3)")
        _ = state.press(.character("3"))
        _ = state.press(.end)
        #expect(state.press(.character("a")) == .askApproval(4))
        state.ask(about: try Self.tip(4, .awaitingApproval))
        guard case .confirm(4, version: 77, let plan) = state.mode else {
            Issue.record("not asked: \(state.mode)")
            return
        }
        #expect(plan.contains { $0.contains("migrate web-1 from kvm1 to kvm2") })
        #expect(plan.contains { $0.contains("Checked:") })
        var other = state
        #expect(other.press(.enter) == nil && other.mode == .list)
        #expect(state.press(.character("y")) == .approve(4, version: 77))
        _ = state.press(.home)
        #expect(state.press(.character("a")) == nil)
        #expect(state.message == "tip 9 is running")
    }

    @Test("Opening asks for what stands there, and a long text can be read through")
    func opening() throws {
        var state = try Self.state()
        _ = state.press(.character("3"))
        #expect(state.press(.enter) == .openTip(9))
        state.mode = .detail((1...50).map { "line \($0)" }, from: 0)
        _ = state.press(.pageDown)
        _ = state.press(.down)
        #expect(TopScreen(width: 40, height: 12).lines(of: state)[3] == "line 12")
        _ = state.press(.escape)
        #expect(state.mode == .list && state.press(.character("q")) == .quit)
        #expect(state.press(.interrupt) == .quit)
    }

    @Test(
        "Keys are told from what terminals send",
        arguments: [
            ("\u{1b}[A", [TopKey.up]), ("\u{1b}OB", [.down]), ("\u{1b}[5~\u{1b}[6~", [.pageUp, .pageDown]),
            ("\u{1b}", [.escape]),
            ("aé漢🙂\t\r", [.character("a"), .character("é"), .character("漢"), .character("🙂"), .tab, .enter]),
            ("\u{3}", [.interrupt]),
            ("\u{1b}[1;5Cx", [.right, .character("x")]), ("\u{1b}[999999999999999999", []), ("\u{7f}", [.backspace]),
        ])
    func keys(text: String, keys: [TopKey]) {
        #expect(TopKey.keys(in: Array(text.utf8)) == keys)
    }

    @Test("Bytes that are no text are left out, and what follows them is not")
    func damagedText() {
        let bytes: [UInt8] = [0xff, 0x61, 0xc3, 0x62, 0xe6, 0xbc, 0x63, 0x80, 0xf0]
        #expect(TopKey.keys(in: bytes) == [.character("a"), .character("b"), .character("c")])
    }

    @Test("A filter may be in any script")
    func filterInAnyScript() throws {
        var state = try Self.state()
        state.hosts[1].name = "münchen"
        for key in TopKey.keys(in: Array("/MÜN".utf8)) { _ = state.press(key) }
        #expect(state.filter == "MÜN" && state.rows.map(\.key) == ["münchen"])
        _ = state.press(.backspace)
        #expect(state.filter == "MÜ")
    }

    @Test("The question before an approval is whole on a narrow terminal, and says at the foot which key says yes")
    func wrappedQuestion() throws {
        var state = try Self.state()
        let step = "  1. migrate web-1 from kvm1 to kvm2, whose processor is expected to be at 42 % afterwards"
        state.mode = .confirm(4, version: 77, [step, String(repeating: "Z", count: 90)])
        let lines = TopScreen(width: 40, height: 24).lines(of: state)
        #expect(lines[3] == "Carry out the plan of tip 4?")
        #expect(lines[4] == "  1. migrate web-1 from kvm1 to kvm2, " && lines[5].hasPrefix("    whose processor is"))
        let words = lines[4...].joined(separator: " ").split(separator: " ")
        #expect(step.split(separator: " ").allSatisfy(words.contains))
        #expect(lines.joined().count { $0 == "Z" } == 90)
        #expect(lines.last == "y: yes   any other key: no")
        let small = TopScreen(width: 40, height: 8).lines(of: state)
        #expect(small[5] == "(5 more lines: evenkeel tip show 4)", "\(small)")
        #expect(small.last == "y: yes   any other key: no")
    }

    @Test("The keys can be read through on a small terminal")
    func smallHelp() throws {
        var state = try Self.state()
        _ = state.press(.character("?"))
        let screen = TopScreen(width: 38, height: 8)
        var seen = Set(screen.lines(of: state)[3..<6])
        for _ in TopScreen.help {
            _ = state.press(.down)
            seen.formUnion(screen.lines(of: state)[3..<6])
        }
        #expect(screen.lines(of: state)[3...5].contains { !$0.isEmpty }, "it never runs out of the picture")
        let words = Set(seen.flatMap { $0.split(separator: " ") })
        #expect(TopScreen.help.flatMap { $0.split(separator: " ") }.allSatisfy(words.contains))
        _ = state.press(.character("q"))
        #expect(state.mode == .list)
    }

    @Test("Bars show how far a tip's moves have come")
    func bars() throws {
        let lines = TipProgress.lines(of: try Self.tip(9, .running), [], width: 60)
        #expect(lines == ["tip 9 is running: 0 of 1 steps done"])
        #expect(TipProgress.bar(0.5, width: 12) == "[#####.....]")
        #expect(TipProgress.bar(.nan, width: 4) == "[..]")
        #expect(TipProgress.bar(7, width: 4) == "[##]")
    }
}
