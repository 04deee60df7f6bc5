import FleetModel
import Foundation
import HTTPClient
import Testing

@testable import Commands

/// `evenkeel store` as a person uses it: the real executable, against a real server.
@Suite(.timeLimit(.minutes(3))) struct StoreCommandTests {
    let server: LoopbackServer
    let now = WallClock().now.milliseconds

    init() async throws {
        server = try await LoopbackServer.evenkeel()
        for step in 0..<Int64(20) { try await write(step) }
    }

    private func write(_ step: Int64) async throws {
        let samples = SampleColumns(times: [now - 60_000 + step * 1000], values: [Double(step)])
        try await server.write(
            ["a", "b", "c"].map { SeriesSamples(labels: ["__name__": "probe", "host": $0], samples: samples) })
    }

    /// Runs the executable; returns its exit code and what it printed.
    @discardableResult
    private func evenkeel(_ arguments: String..., on server: LoopbackServer? = nil) throws -> (
        code: Int32, text: String
    ) {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: Built.executable)
        process.arguments = arguments
        process.environment = ["EVENKEEL_SERVER": (server ?? self.server).url]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    private func hosts(_ server: LoopbackServer) async throws -> [String: Double] {
        let data = try await server.data("/api/v1/query?query=count_over_time(probe[5m])")
        var counts: [String: Double] = [:]
        for result in data["result"].elements {
            guard let host = result["metric"]["host"].text, let count = result["value"].elements.last?.text else {
                continue
            }
            counts[host] = Double(count)
        }
        return counts
    }

    @Test func aBackupIsRestoredAndServesWhatWasThere() async throws {
        let backup = server.folder.path + "/backup"
        let made = try evenkeel("store", "backup", backup, "--json")
        #expect(made.code == 0, "\(made.text)")
        #expect(made.text.contains("\"state\" : \"done\""))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: backup).sorted().prefix(2) == [
                "backup.json", "fleet.sqlite",
            ])
        try await write(20)
        #expect(try evenkeel("store", "backup", backup).code == 2)
        #expect(try evenkeel("store", "backup", "relative").code == 2)
        #expect(try evenkeel("store", "backup", "/proc/backup").code == 1)
        let restored = server.folder.path + "/restored"
        let result = try evenkeel("store", "restore", backup, "--data", restored)
        #expect(result.code == 0, "\(result.text)")
        #expect(try evenkeel("store", "check", "--data", restored).code == 0)
        #expect(try evenkeel("store", "restore", backup, "--data", restored).code == 1)
        let second = try await LoopbackServer.evenkeel(data: restored)
        #expect(try await hosts(second) == ["a": 20, "b": 20, "c": 20])
        #expect(try await hosts(server) == ["a": 21, "b": 21, "c": 21])
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: server.folder.path).allSatisfy {
                !$0.hasSuffix(".partial")
            })
    }

    @Test func aBackupThatIsNotWholeIsNotRestored() async throws {
        let backup = server.folder.path + "/backup"
        try evenkeel("store", "backup", backup)
        let target = server.folder.path + "/restored"
        for name in ["series/catalogue.db", "fleet.sqlite", "backup.json"] {
            let path = URL(fileURLWithPath: backup + "/" + name)
            let whole = try Data(contentsOf: path)
            try (whole.dropLast(7) + Data(repeating: 0x20, count: 6)).write(to: path)
            let result = try evenkeel("store", "restore", backup, "--data", target)
            #expect(result.code == 1 && result.text.contains(name), "\(result.text)")
            #expect(!FileManager.default.fileExists(atPath: target))
            try whole.write(to: path)
        }
        #expect(try evenkeel("store", "restore", server.folder.path, "--data", target).code == 1)
        #expect(try evenkeel("store", "restore", backup, "--data", target).code == 0)
    }

    @Test func whatIsDeletedIsGoneAndTheAuditLogKnowsWho() async throws {
        let unasked = try evenkeel("store", "delete", #"{host="b"}"#)
        #expect(unasked.code == 1 && unasked.text.contains("Delete 1 of"))
        let deleted = try evenkeel("store", "delete", #"{host="b"}"#, "--yes")
        #expect(deleted.code == 0 && deleted.text.contains("1 series with 20 samples"), "\(deleted.text)")
        #expect(try await hosts(server) == ["a": 20, "c": 20])
        #expect(try evenkeel("store", "delete", #"{host="b"}"#, "--yes").code == 1)
        #expect(try evenkeel("store", "delete", #"{__name__=~".+"}"#, "--yes").code == 2)
        #expect(try evenkeel("store", "delete", "{}", "--yes").code == 2)
        #expect(try evenkeel("store", "delete", "rate(probe[5m])", "--yes").code == 2)
        let path = "/api/v1/admin/tsdb/delete_series"
        #expect(try await server.send(.post, path).status == 400)
        let selector = "match[]=probe%7Bhost%3D%22a%22%7D"
        let until = Double(now - 50_500) / 1000
        #expect(try await server.send(.post, path + "?\(selector)&end=\(until)").status == 204)
        #expect(try await hosts(server) == ["a": 10, "c": 20])
        #expect(try await server.send(.post, path + "?match[]=%7B__name__%3D~%22.%2B%22%7D").status == 400)
        #expect(try await server.send(.post, "/api/v1/admin/tsdb/clean_tombstones").status == 204)
        let state = ["", "-wal"].compactMap {
            FileManager.default.contents(atPath: server.folder.path + "/data/fleet.sqlite" + $0)
        }.reduce(Data(), +)
        #expect(state.range(of: Data(#"local"#.utf8)) != nil)
        #expect(state.range(of: Data(#"store.deleted"#.utf8)) != nil)
        #expect(state.range(of: Data(#"1 series, 20 samples"#.utf8)) != nil)
        #expect(try evenkeel("store", "delete", #"{__name__=~".+"}"#, "--yes", "--everything").code == 0)
        #expect(try await hosts(server).isEmpty)
    }

    @Test func aCheckSaysWhatIsThereAndOfAFolderInUseWhoHasIt() throws {
        let sound = try evenkeel("store", "check")
        #expect(sound.code == 0 && sound.text.contains("Everything is as it was written."), "\(sound.text)")
        let offline = try evenkeel("store", "check", "--data", server.folder.path + "/data")
        #expect(offline.code == 4 && offline.text.contains("in use"), "\(offline.text)")
        #expect(try evenkeel("store", "check", "--data", server.folder.path).code == 4)
    }
}
