import Foundation

/// A `/proc` of one's own: a folder of files that a sampler reads, written again in place between two samples as the
/// kernel would have them say something new.
final class FrozenTree {
    let folder: String

    init() throws {
        folder = NSTemporaryDirectory() + "evenkeel-proc-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Writes files from an archive: a line `== path` before the content of each.
    func write(_ archive: String) throws {
        for part in archive.components(separatedBy: "== ").dropFirst() {
            let lines = part.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
            guard let path = lines.first else { continue }
            try put(lines.count > 1 ? String(lines[1]) : "", at: String(path))
        }
    }

    /// Writes one file in place: whoever has it open reads the new content.
    func put(_ content: String, at path: String) throws {
        let whole = "\(folder)/\(path)"
        let parent = (whole as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
        if !FileManager.default.fileExists(atPath: whole) {
            guard FileManager.default.createFile(atPath: whole, contents: nil) else {
                throw CocoaError(.fileWriteUnknown)
            }
        }
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: whole))
        try handle.truncate(atOffset: 0)
        try handle.write(contentsOf: Data(content.utf8))
        try handle.close()
    }

    func remove(_ path: String) throws {
        try FileManager.default.removeItem(atPath: "\(folder)/\(path)")
    }

    /// A process with its command line and memory; its threads come by `thread`.
    func process(_ id: Int, arguments: [String], user: Int, system: Int, threads: Int, pages: Int) throws {
        try put(arguments.map { $0 + "\0" }.joined(), at: "\(id)/cmdline")
        try put(Self.stat(id, "qemu-system-x86", user, system, threads: threads), at: "\(id)/stat")
        try put("400000 \(pages) 3000 100 0 90000 0\n", at: "\(id)/statm")
    }

    /// A thread; without `run` its kernel has no schedstat.
    func thread(
        _ id: Int, of process: Int, name: String, user: Int, system: Int, guest: Int = 0, on processor: Int,
        run: Int? = nil, wait: Int = 0
    ) throws {
        try put(
            Self.stat(id, name, user, system, processor: processor, guest: guest), at: "\(process)/task/\(id)/stat")
        if let run { try put("\(run) \(wait) 77\n", at: "\(process)/task/\(id)/schedstat") }
    }

    private static func stat(
        _ id: Int, _ name: String, _ user: Int, _ system: Int, threads: Int = 4, processor: Int = 0, guest: Int = 0
    ) -> String {
        "\(id) (\(name)) S 1 \(id) \(id) 0 -1 138412096 9124 0 0 0 \(user) \(system) 0 0 20 0 \(threads) 0 5000 "
            + "1638400000 17000 18446744073709551615 94303511113728 94303517113728 140734894059232 0 0 0 268444224 "
            + "4096 16384 0 0 0 17 \(processor) 0 0 0 \(guest) 0 94303511149616 94303511151232 94303684345856 "
            + "140734894062286 140734894062306 140734894062306 140734894063595 0\n"
    }
}
