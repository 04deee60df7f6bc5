import FleetModel
import Foundation
import Testing

@testable import Commands

extension LocalFleet {
    /// Asks again until it holds; a failure names what was waited for, and has the end of the server's log.
    func until(_ what: String, within patience: Duration, _ holds: () async throws -> Bool) async throws {
        let clock = WallClock()
        let deadline = clock.now + patience
        while true {
            if (try? await holds()) == true { return }
            if clock.now > deadline {
                let log = (try? String(contentsOfFile: folder.path + "/server.log", encoding: .utf8)) ?? ""
                Issue.record("gave up waiting until \(what); server log:\n\(log.suffix(6000))")
                throw CancellationError()
            }
            try await clock.sleep(for: .milliseconds(50))
        }
    }
}

/// Processes of this machine.
enum MachineProcesses {
    /// Those whose command line holds one of the texts.
    static func naming(_ texts: [String]) -> [Int32] {
        let numbers = (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap { Int32($0) } ?? []
        return numbers.filter { number in
            let line = FileManager.default.contents(atPath: "/proc/\(number)/cmdline") ?? Data()
            let text = String(decoding: line, as: UTF8.self)
            return texts.contains { text.contains($0) }
        }
    }
}
