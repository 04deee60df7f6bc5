import FleetModel
import Foundation
import PlugIns
import Testing

/// A pack's folder with programs in it, gone with the test.
final class PackFolder: Sendable {
    let path: String

    init() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "plug-in-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder.appending(path: "bin"), withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o755])
        path = folder.path
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a program.
    func put(_ name: String, _ text: String, mode: Int = 0o755) throws {
        let file = path + "/" + name
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
    }

    func read(_ name: String) -> String? { try? String(contentsOfFile: path + "/" + name, encoding: .utf8) }

    static func request(
        _ command: String = "bin/act", arguments: [String: String] = [:]
    ) -> PlugInRequest {
        let call = PlugInCall(
            pack: "fans", means: .program(command), arguments: arguments, timeLimitSeconds: 60)
        return PlugInRequest(
            id: "operation-17", call: call, tip: 3, title: "a fan stands still",
            subject: ["cluster": "lab", "host": "kvm1"])
    }

    /// Runs the shell script `text` as a program. Its time is over as soon as it prints `time is over`.
    func run(
        _ text: String, limits: ProgramPlugIn.Limits = ProgramPlugIn.Limits(),
        keeper: ProgramPlugIn.Keeper = ProgramPlugIn.Keeper(), arguments: [String: String] = [:]
    ) async throws -> (result: PlugInResult, progress: [PlugInProgress]) {
        try put("bin/act", "#!/bin/sh\n" + text)
        let seen = Locked<[PlugInProgress]>([])
        let leap = Locked<Duration>(.zero)
        let runner = ProgramPlugIn(folder: path, limits: limits, keeper: keeper) { .now + leap.withLock { $0 } }
        let result = await runner.run(Self.request(arguments: arguments)) { step in
            if step.message == "time is over" { leap.withLock { $0 = .seconds(61) } }
            seen.withLock { $0.append(step) }
        }
        return (result, seen.withLock { $0 })
    }

    /// Whether a number, and the end of its line, is in the file `name`.
    func hasNumber(_ name: String) -> Bool { read(name)?.hasSuffix("\n") == true }

    /// Whether a process lives whose number is in the file `name`.
    func lives(_ name: String) throws -> Bool {
        let number = try #require(read(name).flatMap { Int32($0.trimmingCharacters(in: .whitespacesAndNewlines)) })
        let stat = (try? String(contentsOfFile: "/proc/\(number)/stat", encoding: .utf8)) ?? ""
        guard let end = stat.lastIndex(of: ")") else { return false }
        return !stat[end...].hasPrefix(") Z")
    }
}
