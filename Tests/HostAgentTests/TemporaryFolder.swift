import Foundation

/// A folder of its own for a test, gone with it.
final class TemporaryFolder {
    let path = NSTemporaryDirectory() + "evenkeel-agent-" + UUID().uuidString

    init() {
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}
