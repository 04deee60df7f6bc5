import FleetModel
import FleetServer
import Foundation
import Testing

@testable import Commands

/// A VM's whole life from the command line: a server, an agent and QEMU as they are installed.
@Suite(.serialized, .enabled(if: Built.hasQEMU, "QEMU (Debian's qemu-system-x86) is not installed"))
struct VirtualMachineLifeTests {
    /// One host and its server.
    private struct Site {
        let fleet: LocalFleet
        let host: LocalFleet.Host
        let file: String

        init() async throws {
            fleet = try LocalFleet(
                cluster: try #require(ClusterName("test")), port: LoopbackPort.anyFree(),
                executable: Built.executable)
            host = LocalFleet.Host(
                name: try #require(HostName("a")), logicalProcessors: [try MachineProcessors.allowed()[0]],
                memory: .gibibytes(2))
            file = fleet.folder.path + "/pulse.yaml"
            let disk = fleet.folder.path + "/disk.raw"
            try Data(count: 1 << 20).write(to: URL(fileURLWithPath: disk))
            try """
            name: pulse-1
            vcpus: 1
            memory: 64MiB
            accelerator: tcg
            firmware: \(fleet.folder.firmware)
            disks: [{path: \(disk), cache: writeback}]

            """.write(toFile: file, atomically: true, encoding: .utf8)
            try fleet.startServer()
            try fleet.startAgent(host)
            let client = fleet.client
            try await until("host a reports") {
                let status: StatusView = try await client.get("/fleet/v1/status")
                return status.hosts == 1
            }
        }

        func until(_ what: String, _ holds: () async throws -> Bool) async throws {
            let deadline = ContinuousClock.now + .seconds(60)
            while (try? await holds()) != true {
                try #require(ContinuousClock.now < deadline, "gave up waiting until \(what)")
                try await WallClock().sleep(for: .milliseconds(50))
            }
        }

        func details() async throws -> VirtualMachineDetails { try await fleet.client.get("/fleet/v1/vms/pulse-1") }

        /// Runs `evenkeel vm` with these words to its end.
        func run(_ words: String...) throws -> (code: Int32, output: String, errors: String) {
            try Running(self, words).end()
        }

        /// Runs it, holds it to success, and says how the VM is then.
        func state(after words: String...) async throws -> VirtualMachineState? {
            let (code, output, errors) = try Running(self, words).end()
            #expect(code == 0, "\(words): \(output)\(errors)")
            return try await details().places.first?.state
        }
    }

    /// `evenkeel vm ...` as a process.
    private final class Running {
        let process = Process()
        let input = Pipe()
        private let output = Pipe()
        private let errors = Pipe()
        private var heard = ""

        init(_ site: Site, _ words: [String]) throws {
            process.executableURL = URL(fileURLWithPath: Built.executable)
            process.arguments = ["vm"] + words
            process.environment = ["EVENKEEL_SERVER": site.fleet.address]
            process.standardInput = input
            process.standardOutput = output
            process.standardError = errors
            try process.run()
        }

        /// Reads until it has printed `text`, or has ended.
        func hears(_ text: String) -> Bool {
            while !heard.contains(text) {
                let data = output.fileHandleForReading.availableData
                if data.isEmpty { return false }
                heard += String(decoding: data, as: UTF8.self)
            }
            return true
        }

        func type(_ text: String) throws { try input.fileHandleForWriting.write(contentsOf: Data(text.utf8)) }

        func end() throws -> (code: Int32, output: String, errors: String) {
            try input.fileHandleForWriting.close()
            heard += String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
            let said = String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
            process.waitUntilExit()
            return (process.terminationStatus, heard, said)
        }
    }

    @Test func aVMLivesFromItsFileToItsEnd() async throws {
        let site = try await Site()
        defer { site.fleet.tearDown() }
        let nowhere = try site.run("create", site.file)
        #expect(nowhere.code == 1 && nowhere.errors.contains("say on which host, with --host or 'host:': a"))
        #expect(try await site.state(after: "create", site.file, "--host", "a", "--start") == .running)
        let again = try site.run("create", site.file, "--host", "a")
        #expect(again.code == 1 && again.errors.contains("choose another name"))

        try console(site)

        #expect(try await site.state(after: "pause", "pulse-1") == .paused)
        #expect(try await site.state(after: "resume", "pulse-1") == .running)
        let copies = site.fleet.folder.path + "/copies"
        try FileManager.default.createDirectory(atPath: copies, withIntermediateDirectories: false)
        let snapshot = try site.run("snapshot", "pulse-1", "--to", copies)
        #expect(snapshot.code == 0 && snapshot.output.contains("no agent answered in the guest"), "\(snapshot)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: copies).count == 1)
        #expect(try await site.state(after: "save", "pulse-1") == .saved)
        let shut = try site.run("console", "pulse-1")
        #expect(shut.code == 1 && shut.errors.contains("pulse-1 does not run (saved on a)"))
        #expect(try await site.state(after: "restore", "pulse-1") == .running)
        #expect(try await site.state(after: "stop", "pulse-1", "--force") == .stopped)
        #expect(try await site.state(after: "start", "pulse-1") == .running)
        let watching = try Running(site, ["console", "pulse-1"])
        #expect(watching.hears("t 0000"))
        let busy = try site.run("rm", "pulse-1")
        #expect(busy.code == 1 && busy.errors.contains("ended as refused"), "\(busy)")
        #expect(try await site.state(after: "stop", "pulse-1", "--force") == .stopped)
        #expect(!watching.hears("a console that goes on"))
        let (code, _, said) = try watching.end()
        #expect(code == 0 && said.contains("a: the VM's side of the console ended"), "\(said)")
        #expect(try site.run("rm", "pulse-1").code == 0)
        let gone = try site.run("show", "pulse-1")
        #expect(gone.code == 1 && gone.errors.contains("there is no VM 'pulse-1'"))
        let operations: [OperationView] = try await site.fleet.client.get("/fleet/v1/operations")
        #expect(operations.filter { $0.state != .succeeded }.map(\.action.kind) == ["rm"])
        #expect(operations.map(\.action.kind).contains("console") && operations.allSatisfy { $0.action.from == "a" })
    }

    /// What is typed reaches the guest, and its answer comes back; a second operator has to wait.
    private func console(_ site: Site) throws {
        let console = try Running(site, ["console", "pulse-1"])
        #expect(console.hears("t 0000"))
        let second = try site.run("console", "pulse-1")
        #expect(second.code == 1 && second.errors.contains("the console of pulse-1 is open for local"))
        try console.type("burn 7\n")
        #expect(console.hears("s burn=7 "))
        let (code, _, errors) = try console.end()
        #expect(code == 0 && errors.contains("Console of pulse-1 on a") && errors.contains("end of input"), "\(errors)")
        let third = try Running(site, ["console", "pulse-1", "--linger", "0"])
        #expect(third.hears("t 0000"))
        #expect(try third.end().code == 0)
    }

    @Test func aWrongFileIsRefusedWithItsLine() async throws {
        let folder = try FleetFolder()
        defer { try? folder.remove() }
        let file = folder.path + "/web.yaml"
        try "name: web\nvcpus: 1\nmemroy: 1GiB\n".write(toFile: file, atomically: true, encoding: .utf8)
        let process = Process()
        let errors = Pipe()
        process.executableURL = URL(fileURLWithPath: Built.executable)
        process.arguments = ["vm", "create", file]
        process.standardError = errors
        try process.run()
        let said = String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 2)
        #expect(said.hasPrefix("evenkeel: \(file):3:1: there is no key 'memroy', did you mean 'memory'?"))
    }
}
