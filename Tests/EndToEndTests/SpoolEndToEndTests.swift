import FleetModel
import Foundation
import HTTPClient
import Testing

@testable import Commands

/// A real agent whose server is away, whose disk is full meanwhile, and which is killed: each of its samples is in the
/// store once afterwards.
@Suite(.timeLimit(.minutes(5))) struct SpoolEndToEndTests {
    /// An agent of this machine with a small disk of its own for its spool.
    private final class Agent {
        let folder: FleetFolder
        let disk: String
        let metrics: String
        private let file: String
        private var process: FleetProcess?
        private let http = HTTPClient()

        init(server: String) throws {
            folder = try FleetFolder()
            disk = folder.path + "/disk"
            try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
            try Self.run("/bin/mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", disk)
            let port = try LoopbackPort.anyFree()
            metrics = "http://127.0.0.1:\(port)/metrics"
            file = folder.path + "/agent.yaml"
            try """
            host: spooler
            server: \(server)
            data: \(disk)/agent
            interval: 200ms
            runtime: off
            libvirt: off
            metrics_listen: 127.0.0.1:\(port)
            """.write(toFile: file, atomically: true, encoding: .utf8)
        }

        deinit {
            process?.kill()
            try? Self.run("/bin/umount", "-l", disk)
            try? folder.remove()
        }

        func start() throws {
            process = try FleetProcess(
                "agent", executable: Built.executable,
                arguments: ["agent", "--config", file, "--until-input-ends"], log: folder.path + "/agent.log")
        }

        func kill() { process?.kill() }

        /// Adds a line to the configuration, or takes the last one away again, and has the agent read it.
        func reload(_ line: String?) throws {
            var lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").map(String.init)
            if let line { lines.append(line) } else { lines.removeLast() }
            try lines.joined(separator: "\n").write(toFile: file, atomically: true, encoding: .utf8)
            if let process { _ = Foundation.kill(process.identifier, SIGHUP) }
        }

        var log: String { (try? String(contentsOfFile: folder.path + "/agent.log", encoding: .utf8)) ?? "" }

        /// What the agent's own page says of a counter; `nil` while it does not answer.
        func figure(_ name: String) async -> Double? {
            guard let response = try? await http.send(HTTPRequest(.get, metrics)), response.status == 200 else {
                return nil
            }
            let line = response.text.split(separator: "\n").first { $0.hasPrefix(name + "{") }
            return line?.split(separator: " ").last.flatMap { Double($0) }
        }

        func until(_ what: String, _ holds: () async -> Bool) async throws {
            let deadline = ContinuousClock.now + .seconds(120)
            while await !holds() {
                try process?.requireRunning()
                try #require(ContinuousClock.now < deadline, "gave up waiting until \(what): \(log)")
                try await Task.sleep(for: .milliseconds(20))
            }
        }

        /// Waits until so many samples have been taken since the agent started.
        func untilSamples(_ count: Double) async throws {
            try await until("\(count) samples are taken") { await figure("evenkeel_agent_samples_total") ?? 0 >= count }
        }

        private static func run(_ program: String, _ arguments: String...) throws {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: program)
            process.arguments = arguments
            try process.run()
            process.waitUntilExit()
            try #require(process.terminationStatus == 0, "\(program) \(arguments) failed")
        }
    }

    @Test func eachSampleIsInTheStoreOnceWhateverFails() async throws {
        let server = try await LoopbackServer.evenkeel()
        let agent = try Agent(server: server.url)
        try agent.start()
        try await agent.untilSamples(5)
        server.kill()
        // The agent is killed while samples wait on its disk.
        let taken = try #require(await agent.figure("evenkeel_agent_samples_total"))
        try await agent.untilSamples(taken + 10)
        let first = try #require(await agent.figure("evenkeel_agent_samples_total"))
        agent.kill()
        try agent.start()
        try await agent.untilSamples(10)
        // Its disk fills up, and has room again.
        let filler = agent.disk + "/filler"
        fill(filler)
        try await agent.until("the full disk is noticed") { agent.log.contains("samples wait in memory; make room") }
        let before = try #require(await agent.figure("evenkeel_agent_samples_total"))
        try await agent.untilSamples(before + 10)
        try FileManager.default.removeItem(atPath: filler)
        try await agent.until("the disk works again") { agent.log.contains("spool: works again") }
        // Killed once more, with what waited in memory on its disk by now.
        let second = try #require(await agent.figure("evenkeel_agent_samples_total"))
        agent.kill()
        try await server.restart()
        try agent.start()
        try await agent.untilSamples(5)
        try await agent.until("everything is delivered") {
            await agent.figure("evenkeel_agent_spool_batches") ?? 1 <= 1
        }
        let last = try #require(await agent.figure("evenkeel_agent_samples_total"))
        try await server.until("the newest sample is there") { try await lives(server).last?.last ?? 0 >= last }
        let runs = try await lives(server)
        #expect(runs.count == 3, "one for each life of the agent: \(runs)")
        for run in runs {
            #expect(run == (1...run.count).map(Double.init), "no sample is missing, none is there twice")
        }
        #expect(runs.first.map { Double($0.count) >= first } == true)
        #expect(runs.dropFirst().first.map { Double($0.count) >= second } == true)
        #expect(await agent.figure("evenkeel_agent_spool_dropped_total") == 0)
    }

    @Test func aConfigurationThatDoesNotWorkLeavesTheAgentAsItWas() async throws {
        let agent = try Agent(server: "http://127.0.0.1:1")
        try agent.start()
        try await agent.untilSamples(2)
        for (line, complaint) in [
            ("nonsense: 1", "was not read again"), ("token_file: /nowhere/token", "does not work"),
            ("runtime: on\nqemu: /nowhere", "was not read again"),
        ] {
            let before = agent.log.components(separatedBy: complaint).count
            try agent.reload(line)
            try await agent.until("it complains of \(line)") {
                agent.log.components(separatedBy: complaint).count > before
            }
            try await agent.untilSamples(1)
            for _ in line.split(separator: "\n") { try agent.reload(nil) }
        }
        let reads = agent.log.components(separatedBy: "was read again from").count
        try agent.reload("spool_limit: 64MiB")
        try await agent.until("it reads what works") {
            agent.log.components(separatedBy: "was read again from").count > reads
        }
        try await agent.untilSamples(1)
    }

    /// The numbers of samples as the store has them, in order of time, a list for each life of the agent.
    private func lives(_ server: LoopbackServer) async throws -> [[Double]] {
        let data = try await server.data(
            "/api/v1/query?query=evenkeel_agent_samples_total%7Bhost=%22spooler%22%7D%5B1h%5D")
        var runs: [[Double]] = []
        for pair in data["result"].elements.flatMap({ $0["values"].elements }) {
            guard let text = pair.elements.last?.text, let value = Double(text) else { continue }
            if value == 1 { runs.append([]) }
            if !runs.isEmpty { runs[runs.count - 1].append(value) }
        }
        return runs
    }

    /// Writes zeroes until the disk takes no more.
    private func fill(_ path: String) {
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let file = FileHandle(forWritingAtPath: path)
        else { return }
        for size in [65_536, 512, 1] {
            let zeroes = Data(count: size)
            while (try? file.write(contentsOf: zeroes)) != nil {}
        }
        try? file.close()
    }
}
