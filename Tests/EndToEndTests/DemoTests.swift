import FleetModel
import Foundation
import Testing

@testable import Commands

/// The demonstration as a user runs it: a process of its own.
@Suite(.serialized, .enabled(if: Built.hasQEMU, "QEMU (Debian's qemu-system-x86) is not installed"))
struct DemoTests {
    private func demo(_ arguments: [String]) throws -> (process: Process, output: Pipe) {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: Built.executable)
        process.arguments = ["demo", "--port", "\(try LoopbackPort.anyFree())"] + arguments
        process.standardOutput = output
        try process.run()
        return (process, output)
    }

    private func folders() -> Set<String> {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/tmp")) ?? []
        return Set(names.filter { $0.hasPrefix(FleetFolder.prefix) })
    }

    @Test func aHostThatRunsShortOfMemoryIsRelieved() throws {
        let before = folders()
        let (process, output) = try demo(["--scenario", "low-memory", "--once", "--auto", "--json"])
        let data = try #require(try output.fileHandleForReading.readToEnd())
        process.waitUntilExit()
        let report = try JSONDecoder().decode(DemoReport.self, from: data)
        #expect(process.terminationStatus == 0)
        #expect(report.relieved)
        #expect(report.migrations.contains { $0.from == "kvm1" && $0.ticksOnDestination > 0 })
        let host = try #require(report.hosts.first { $0.name == "kvm1" })
        #expect(try #require(host.memoryUsedBefore) > 0.9)
        #expect(try #require(host.memoryUsedAfter) < 0.88)
        #expect(folders() == before)
    }

    @Test(arguments: [SIGKILL, SIGINT])
    func aDemoThatIsStoppedHoweverLeavesNothingBehind(signal: Int32) async throws {
        let before = folders()
        let (process, output) = try demo([])
        var said = ""
        while !said.contains("all guests tick") {
            let data = output.fileHandleForReading.availableData
            if data.isEmpty { break }
            said += String(decoding: data, as: UTF8.self)
        }
        let folder = try #require(folders().subtracting(before).first)
        kill(process.processIdentifier, signal)
        process.waitUntilExit()
        let clock = WallClock()
        let deadline = clock.now + .seconds(30)
        while folders().contains(folder), clock.now < deadline { try await clock.sleep(for: .milliseconds(50)) }
        #expect(!folders().contains(folder))
        #expect(processes(naming: folder).isEmpty)
    }

    private func processes(naming text: String) -> [String] {
        let numbers = (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.filter { Int($0) != nil } ?? []
        return numbers.filter { number in
            let line = FileManager.default.contents(atPath: "/proc/\(number)/cmdline") ?? Data()
            return String(decoding: line, as: UTF8.self).contains(text)
        }
    }
}
