import FleetModel
import FleetServer
import Foundation
import Logging
import Testing
import TimeSeriesStore

@testable import Commands

@Suite struct StatusTextTests {
    private func status(_ more: String) throws -> StatusView {
        let json = """
            {"version": "1", "storeProblems": [], "hosts": 12, "silentHosts": [], "virtualMachines": 3,
             "crashedVirtualMachines": [], "openTips": {}, "awaitingApproval": [], "runningOperations": [],
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
