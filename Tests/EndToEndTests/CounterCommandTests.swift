import Foundation
import Testing

/// `evenkeel counter` as a user runs it, on this machine.
@Suite(.serialized) struct CounterCommandTests {
    private static let total = #"\Hyper-V Hypervisor Logical Processor(_Total)\% Total Run Time"#

    private struct Running {
        let process = Process()
        let output = Pipe()
        let errors = Pipe()

        init(_ arguments: [String]) throws {
            process.executableURL = URL(fileURLWithPath: Built.executable)
            process.arguments = ["counter"] + arguments
            process.standardOutput = output
            process.standardError = errors
            try process.run()
        }

        /// The exit code, all lines, and what was said beside them.
        func end() throws -> (code: Int32, lines: [String], errors: String) {
            let data = try output.fileHandleForReading.readToEnd() ?? Data()
            let said = try errors.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            let lines = String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
            return (process.terminationStatus, lines, String(decoding: said, as: UTF8.self))
        }

        /// Reads until `count` lines have come.
        func lines(_ count: Int) -> String {
            var text = ""
            while text.count(where: { $0 == "\n" }) < count {
                let data = output.fileHandleForReading.availableData
                if data.isEmpty { break }
                text += String(decoding: data, as: UTF8.self)
            }
            return text
        }
    }

    /// Busy share of all logical processors over a span, read the plain way: neither idle nor waiting for disks, of the
    /// time that was not stolen.
    private func ticks() throws -> (busy: Double, had: Double) {
        let text = try String(contentsOfFile: "/proc/stat", encoding: .utf8)
        let fields = text.split(separator: "\n")[0].split(separator: " ").dropFirst().compactMap { Double($0) }
        let had = fields.prefix(7).reduce(0, +)
        return (had - fields[3] - fields[4], had)
    }

    @Test func theTotalAgreesWithTheKernelsOwnFigures() throws {
        let running = try Running(["get", Self.total, "--interval", "4", "--count", "1", "--format", "csv"])
        // Its heading comes when it has looked for the first time.
        let heading = running.lines(1)
        let before = try ticks()
        // A processor that has something to do, so that the share is not that of an idle machine.
        let deadline = ContinuousClock.now + .milliseconds(2500)
        while ContinuousClock.now < deadline { continue }
        let line = running.lines(1)
        let after = try ticks()
        #expect(try running.end().code == 0)
        let expected = 100 * (after.busy - before.busy) / (after.had - before.had)
        #expect(heading.hasPrefix(#""(PDH-CSV 4.0)","\\"#) && heading.hasSuffix(Self.total + "\"\n"))
        let value = try #require(Double(line.split(separator: "\"").dropFirst(2).first ?? ""))
        #expect(abs(value - expected) < 5, "\(value) beside the kernel's \(expected)")
        #expect(value > 10)
    }

    @Test func exitCodesSayWhatIsWrong() throws {
        let misspelt = try Running(["get", #"\Memory\Available MBytez"#]).end()
        #expect(misspelt.code == 2)
        #expect(misspelt.errors.contains("did you mean 'Available MBytes'?"))
        let nobody = try Running(["get", #"\Hyper-V Hypervisor Logical Processor(Hv LP 9999)\% Idle Time"#]).end()
        #expect(nobody.code == 1)
        #expect(nobody.errors.contains("Hv LP 0"))
        #expect(try Running(["get", #"\\elsewhere\Memory\Pages/sec"#]).end().code == 2)
        #expect(try Running(["ls", "no such counter"]).end().code == 1)
        #expect(try Running(["ls"]).end().code == 0)
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func aSignalIsAnOrdinaryEnd(_ signal: Int32) throws {
        let running = try Running(["get", #"\Memory\Available MBytes"#, "--interval", "0.2", "--format", "csv"])
        _ = running.lines(2)
        kill(running.process.processIdentifier, signal)
        let end = try running.end()
        #expect(end.code == 0)
        #expect(end.errors.isEmpty)
    }

    @Test func aReaderThatGoesEndsIt() throws {
        let running = try Running(["get", "evenkeel_host_load", "--interval", "0.2", "--json"])
        #expect(running.lines(1).hasPrefix(#"{"time":"#))
        try running.output.fileHandleForReading.close()
        running.process.waitUntilExit()
        #expect(running.process.terminationReason == .exit)
        #expect(running.process.terminationStatus == 0)
    }

    @Test func aFullDiskIsNoOrdinaryEnd() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Built.executable)
        process.arguments = ["counter", "get", #"\Memory\Available MBytes"#, "--format", "csv"]
        process.standardOutput = FileHandle(forWritingAtPath: "/dev/full")
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 4)
    }

    @Test func intervalsDoNotDrift() throws {
        let begin = ContinuousClock.now
        let lines = try Running(
            ["get", #"\Memory\Available MBytes"#, "--interval", "0.1", "--count", "30", "--format", "csv"]
        ).end().lines
        #expect(lines.count == 31)
        let seconds = lines.dropFirst().compactMap { Double($0.dropFirst(18).prefix(6)) }
        let steps = zip(seconds.dropFirst(), seconds).map { ($0 - $1 + 60).truncatingRemainder(dividingBy: 60) }
        // On a machine that is busy a step may be late, and the next is then the shorter.
        #expect(steps.reduce(0, +) > 2.85)
        #expect(ContinuousClock.now - begin > .seconds(3))
    }
}
