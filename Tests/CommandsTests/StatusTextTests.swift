import FleetModel
import FleetServer
import Foundation
import Logging
import Testing
import TimeSeriesStore

@testable import Commands

@Suite struct StatusTextTests {
    private func status(_ more: String, awaiting: Int64? = nil) throws -> StatusView {
        let json = """
            {"version": "1", "storeProblems": [], "hosts": 12, "silentHosts": [], "virtualMachines": 3,
             "crashedVirtualMachines": [], "openTips": {}, "awaitingApproval": [\(awaiting.map { "\($0)" } ?? "")], "runningOperations": [],
             "automation": "advise", "ruleFailures": []\(more)}
            """
        return try JSONDecoder().decode(StatusView.self, from: Data(json.utf8))
    }

    private func problems(_ more: String) throws -> [String] {
        let text = StatusCommand.text(try status(more), now: Timestamp(milliseconds: 0))
        return text.split(separator: "\n").filter { $0.hasPrefix("PROBLEM") }.map(String.init)
    }

    @Test func hostsThatReportAndAreNotMeasuredAreAProblemWithNamesWhileTheyAreFew() throws {
        #expect(try problems("").isEmpty)
        #expect(try problems(#", "unmeasuredHosts": []"#).isEmpty)
        let few = try problems(#", "unmeasuredHosts": ["h1", "h2"]"#)
        #expect(few.first?.contains("no fresh samples of 2 of the 12 hosts that report: h1, h2;") == true)
        let many = try problems(#", "unmeasuredHosts": ["a", "b", "c", "d", "e", "f"]"#)
        #expect(many.first?.contains("no fresh samples of 6 of the 12 hosts that report;") == true)
    }

    @Test func aClockThatWasSetIsAProblem() throws {
        #expect(
            try problems(#", "clockProblem": "it was set back by 1d"}"#.dropLast(1).description)
                == ["PROBLEM      it was set back by 1d"])
    }

    @Test func aVMThatTwoHostsRunIsAProblem() throws {
        let lines = (1...7).map { "\"VM \($0) runs on a, and b\"" }.joined(separator: ", ")
        let shown = try problems(#", "doubledVirtualMachines": ["# + lines + "]")
        #expect(shown.count == 5 && shown.first == "PROBLEM      VM 1 runs on a, and b")
    }

    @Test func whileAllIsStoppedTipsWaitForThatToEnd() throws {
        let waiting = try status("", awaiting: 3)
        #expect(
            StatusCommand.text(waiting, now: Timestamp(milliseconds: 0)).contains(
                "             waits for you: evenkeel tip approve 3"))
        var automatic = waiting
        automatic.awaitingPolicy = [3]
        #expect(
            StatusCommand.text(automatic, now: Timestamp(milliseconds: 0))
                .contains("             waits for policy, or for you: evenkeel tip approve 3"))
        var stopped = waiting
        stopped.holds = [
            Hold(scope: .fleet, actor: "kim", since: Timestamp(milliseconds: 0), reason: "storage is away")
        ]
        #expect(
            StatusCommand.text(stopped, now: Timestamp(milliseconds: 0))
                .contains(
                    "STOPPED      by kim since \(Phrases.moment(Timestamp(milliseconds: 0))): storage is away; nothing new"
                ))
        #expect(
            StatusCommand.text(stopped, now: Timestamp(milliseconds: 0))
                .contains("waits until 'evenkeel stop --resume', then for you: evenkeel tip approve 3"))
    }

    @Test func aFolderWhoseStateIsGoneOrCutOffIsNotSound() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "evenkeel-check-\(UUID().uuidString)").path
        let store = try TimeSeriesStore(directory: folder + "/series", logger: Logger(label: "test"))
        try await store.close()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let gone = try await StoreCheckCommand.findings(folder: folder)
        #expect(
            gone.damages.map(\.file) == ["fleet.sqlite"] && gone.damages.first?.reason.contains("not there") == true)
        try Data("short".utf8).write(to: URL(fileURLWithPath: folder + "/fleet.sqlite"))
        let cut = try await StoreCheckCommand.findings(folder: folder)
        #expect(cut.damages.map(\.reason) == ["the file has only 5 bytes"])
    }

    @Test func aBacktestSaysForHowLongNothingWasMeasured() throws {
        let json = #"{"variant": "", "alerts": [], "tips": [], "count": 0, "failures": {}, "unmeasuredSeconds": 7200}"#
        let view = try JSONDecoder().decode(BacktestView.self, from: Data(json.utf8))
        #expect(PackBacktestCommand.text(view).contains("no samples of what it reads for 2h of the span"))
    }
}
