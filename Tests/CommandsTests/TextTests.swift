import FleetModel
import Foundation
import Testing

@testable import Commands
@testable import FleetServer

@Suite struct TextTests {
    @Test func tablesAlignTheirColumns() {
        var table = TextTable("NAME", ">LPS", "STATE")
        table.add("a", "16", "reporting")
        table.add("longer", "2", "")
        #expect(table.text == "NAME    LPS  STATE\na        16  reporting\nlonger    2")
    }

    @Test func aProofOfTheReserveIsListedForEverySetOfHostsAndALongOneIsCut() throws {
        let starts = (0..<250).map { number in
            let refuge = number == 0 ? "" : ##", "refuge": "c""##
            return ##"{"virtualMachine": "vm-\##(number)", "from": "a"\##(refuge)}"##
        }
        let json = ##"""
            [{"cluster": "lab", "failures": 2, "wanted": 1, "holds": true, "reason": "so", "uncovered": [], "proved": 9,
            "isWitnessCut": true, "witness": [{"failed": ["a", "b"], "starts": [\##(starts.joined(separator: ","))]}]}]
            """##
        let views = try JSONDecoder().decode([ReserveView].self, from: Data(json.utf8))
        let lines = ReserveCommand.text(try #require(views.first)).split(separator: "\n")
        #expect(lines[0] == "Reserve:  lab: 2 of its hosts may fail: holds: so")
        #expect(lines[1] == "IF THESE FAIL  THIS VM  STARTS ON")
        #expect(lines[2] == "a, b           vm-0     nowhere")
        #expect(lines[3] == "a, b           vm-1     c")
        #expect(lines.count == 204 && lines[202] == "and 50 more lines in --json")
        #expect(lines[203] == "Of 9 sets of hosts that were proved, 1 are listed; --lose shows any one.")
    }

    @Test func aHostileNameCannotMoveTheCursor() {
        var table = TextTable("NAME")
        table.add("evil\u{1b}[2J\nname")
        #expect(table.text == "NAME\nevil?[2J name")
        #expect(PlainText.harmless("a\u{202e}b\u{2066}c\u{2028}d\ne") == "a?b?c?d\ne")
    }

    @Test(arguments: [(0.734, "73 %"), (0, "0 %"), (1.004, "100 %")])
    func sharesAreShownInPercent(ratio: Double, text: String) {
        #expect(Phrases.percent(ratio) == text)
    }

    @Test func theUnknownIsNotZero() {
        #expect(Phrases.percent(nil) == "?")
        #expect(Phrases.percent(.nan) == "?")
        #expect(Phrases.size(nil) == "?")
        #expect(Phrases.change(nil) == "?")
    }

    @Test func agesGrowIntoLargerUnits() {
        let now = Timestamp(milliseconds: 10_000_000_000)
        #expect(Phrases.age(now - .seconds(5), now: now) == "5 s")
        #expect(Phrases.age(now - .seconds(300), now: now) == "5 min")
        #expect(Phrases.age(now - .seconds(36_000), now: now) == "10 h")
        #expect(Phrases.age(now + .seconds(5), now: now) == "0 s")
    }

    @Test func queryAnswersBecomeTablesAndCSV() throws {
        let json = """
            {"status":"success","data":{"resultType":"vector","result":[
            {"metric":{"__name__":"up","host":"a\\"b"},"value":[1.5,"NaN"]}]}}
            """
        let answer = try JSONDecoder().decode(QueryAnswerText.self, from: Data(json.utf8))
        #expect(answer.csv == "time,value,__name__,host\r\n1.5,NaN,up,\"a\"\"b\"\r\n")
        #expect(answer.table.contains("NaN"))
    }

    @Test func theBarOfALogicalProcessorIsAsLongAsItsModes() {
        let processor = LogicalProcessorView(lp: "0", modes: ["guest": 0.5, "root": 0.25, "idle": 0.25])
        var view = DemoLive()
        view.hosts = [
            HostView(
                name: "kvm1", cluster: "c", available: true, lastReport: Timestamp(milliseconds: 0), agentVersion: "1",
                accelerator: .tcg, logicalProcessors: 1, processorUse: nil, processors: [processor],
                memory: .gibibytes(1), memoryAvailable: nil, migrationAddress: nil, virtualMachines: 0)
        ]
        let text = view.text(colours: false, now: Timestamp(milliseconds: 0))
        #expect(text.contains("[####################++++++++++..........] 75 %"))
    }
}
