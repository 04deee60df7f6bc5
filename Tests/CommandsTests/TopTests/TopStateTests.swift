import FleetModel
import FleetServer
import Foundation
import Testing

@testable import Commands

@Suite("What keys do to the live view")
struct TopStateTests {
    /// Tips of those numbers, as a listing has them.
    private func state(tips numbers: some Sequence<Int64>) throws -> TopState {
        var state = TopState(now: TopScreenTests.now)
        state.tab = .tips
        let one = TipRow(try TopScreenTests.tip(1, .awaitingApproval))
        state.tips = numbers.map { number in
            var row = one
            row.number = number
            row.title = "kvm\(number) is hot"
            row.subject = "kvm\(number)"
            return row
        }
        return state
    }

    /// Presses keys as a terminal sends them; the last request.
    @discardableResult
    private func type(_ text: String, into state: inout TopState) -> TopState.Request? {
        var last: TopState.Request?
        for key in TopKey.keys(in: Array(text.utf8)) { last = state.press(key) ?? last }
        return last
    }

    private func picture(_ state: TopState, width: Int = 80, height: Int = 12) -> [String] {
        TopScreen(width: width, height: height).lines(of: state)
    }

    @Test("Tabs go round both ways, and digits turn to them at once")
    func tabs() throws {
        var state = try state(tips: [1])
        for (keys, tab) in [
            ("1", TopState.Tab.hosts), ("\t", .machines), ("\u{1b}[C\u{1b}[C", .operations), ("\t", .hosts),
            ("\u{1b}[D", .operations), ("3", .tips), ("9", .tips),
        ] {
            type(keys, into: &state)
            #expect(state.tab == tab, "\(keys.debugDescription)")
        }
        #expect(picture(state)[1].contains("[3 tips]"))
    }

    @Test("Each tab keeps its own row, column and order")
    func ownChoices() throws {
        var state = try state(tips: 1...20)
        type("\u{1b}[B\u{1b}[Bsr", into: &state)
        #expect(state.chosenRow?.key == "18" && state.sortColumn == 1 && state.isBackwards)
        type("4", into: &state)
        #expect(state.sortColumn == 0 && !state.isBackwards && state.chosenRow == nil)
        type("3", into: &state)
        #expect(state.sortColumn == 1 && state.isBackwards)
        // Past the last column comes the first.
        for _ in state.columns { type("s", into: &state) }
        #expect(state.sortColumn == 1)
    }

    @Test("What is chosen stays chosen when others come, go, or change places")
    func staysChosen() throws {
        var state = try state(tips: 1...5)
        type("\u{1b}[B\u{1b}[B", into: &state)
        #expect(state.chosenRow?.key == "3")
        state.tips = try self.state(tips: 1...9).tips
        #expect(state.chosenRow?.key == "3")
        #expect(picture(state).contains { $0.hasPrefix(">") && $0.contains("kvm3 is hot") })
        type("r", into: &state)
        #expect(state.chosenRow?.key == "3" && state.rows.first?.key == "1")
        #expect(type("a", into: &state) == .askApproval(3))
        state.tips.removeAll { $0.number == 3 }
        #expect(state.chosenRow?.key == "4", "what follows it where it was")
        state.tips = []
        #expect(state.chosenRow == nil && type("a\r", into: &state) == nil)
        #expect(picture(state).contains("nothing here"))
    }

    @Test("Rows are reached by line, by page, and at both ends, and never beyond them")
    func moving() throws {
        var state = try state(tips: 1...100)
        for (keys, key) in [
            ("\u{1b}[A", "100"), ("\u{1b}[6~", "90"), (" ", "80"), ("\u{1b}[5~", "90"), ("\u{1b}[F", "1"),
            ("\u{1b}[B", "1"), ("k", "2"), ("j", "1"), ("\u{1b}[H", "100"),
        ] {
            type(keys, into: &state)
            #expect(state.chosenRow?.key == key, "\(keys.debugDescription)")
            #expect(picture(state).contains { $0.hasPrefix(">") && $0.contains("kvm\(key) ") })
        }
    }

    @Test("A filter is typed, mended, kept and dropped, and names what is left")
    func filter() throws {
        var state = try state(tips: 1...30)
        type("/kvm2x\u{7f}", into: &state)
        #expect(state.mode == .filter && state.rows.count == 11)
        #expect(picture(state).last == "filter: kvm2_")
        type("\r", into: &state)
        #expect(state.mode == .list && picture(state)[1].hasSuffix("filter: kvm2"))
        #expect(state.chosenRow?.key == "29")
        type("/zz\r", into: &state)
        #expect(picture(state).contains("nothing matches 'kvm2zz'"))
        type("\u{1b}", into: &state)
        #expect(state.filter.isEmpty && state.rows.count == 30)
        // Letters that are commands elsewhere are letters here.
        type("/aqsr?", into: &state)
        #expect(state.filter == "aqsr?" && state.mode == .filter)
    }

    @Test(
        "An approval asks about the plan as it is now, and only y says yes",
        arguments: ["y", "n", "\r", "\u{1b}", "q", "a"])
    func approving(answer: String) throws {
        var state = try state(tips: [4])
        #expect(type("a", into: &state) == .askApproval(4))
        #expect(state.mode == .list, "nothing is asked before the plan is there")
        state.ask(about: try TopScreenTests.tip(4, .awaitingApproval))
        #expect(picture(state, height: 24).contains("Carry out the plan of tip 4?"))
        #expect(type(answer, into: &state) == (answer == "y" ? .approve(4, version: 77) : nil))
        #expect(state.mode == .list)
        #expect(state.message == (answer == "y" ? "" : "tip 4 was not approved"))
    }

    @Test("A tip that changed meanwhile is not asked about")
    func tooLate() throws {
        var state = try state(tips: [4])
        type("a", into: &state)
        state.ask(about: try TopScreenTests.tip(4, .running))
        #expect(state.mode == .list && state.message == "tip 4 is running")
        state.tips[0].state = .planned
        state.tips[0].proposal = "no host has room"
        #expect(type("a", into: &state) == nil)
        #expect(state.message == "tip 4 is planned: no host has room")
    }

    @Test("Every tab opens what stands there")
    func opening() throws {
        var state = try TopScreenTests.state()
        type("\r", into: &state)
        guard case .detail(let lines, from: 0) = state.mode else {
            Issue.record("\(state.mode)")
            return
        }
        #expect(lines.first == "Host kvm1")
        type("q3", into: &state)
        #expect(type("\r", into: &state) == .openTip(9))
        type("?", into: &state)
        #expect(picture(state, height: 20).contains { $0.hasPrefix("Enter") })
        type("q", into: &state)
        #expect(state.mode == .list, "q goes back from there, and leaves only then")
        #expect(type("q", into: &state) == .quit)
    }

    @Test("Ten thousand tips are a listing like any other, at any size of the terminal")
    func many() throws {
        var state = try state(tips: 1...10_000)
        type("\u{1b}[F", into: &state)
        #expect(state.chosenRow?.key == "1")
        for (width, height) in [(80, 24), (20, 5), (200, 60), (1, 1), (80, 24)] {
            let lines = picture(state, width: width, height: height)
            #expect(lines.count == height && lines.allSatisfy { $0.count <= width })
        }
        #expect(picture(state, height: 24).contains { $0.hasPrefix(">") && $0.contains("kvm1 ") })
        type("/kvm7777\r", into: &state)
        #expect(state.rows.map(\.key) == ["7777"] && type("a", into: &state) == .askApproval(7777))
    }
}
