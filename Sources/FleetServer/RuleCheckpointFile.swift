import Delivery
import Foundation
import RulePacks

/// The file in which the rules' memory (which alert has been there since when) outlives the server.
struct RuleCheckpointFile {
    let path: String

    /// What an earlier run left; `nil` where there was none. A file that cannot be read is an error, not a fresh start:
    /// a forgotten alert would close its tip.
    func read() throws -> RuleCheckpoint? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        do {
            return try JSONDecoder().decode(RuleCheckpoint.self, from: data)
        } catch {
            throw ServerError.unreadable(
                path, error,
                "It holds since when alerts are there; put it back from a backup, or move it away to let them begin anew"
            )
        }
    }

    /// Replaces the file in one step, for good.
    func write(_ checkpoint: RuleCheckpoint) throws {
        do {
            try DurableFile.replace(path, with: Array(JSONEncoder().encode(checkpoint)))
        } catch {
            throw ServerError.damagedFile(path: path, reason: "\(error)")
        }
    }
}
