import FleetModel
import Foundation

/// A disk under a folder of the real file system that fails when it is told to, and at a power cut forgets what was not
/// synced.
///
/// Everything that a store writes goes through it: its SQLite files by way of `FaultyFileSystem`, its log by way of
/// `FaultyLogFolder`. The real files always show what a reader sees; the device keeps beside them what the disk has, so
/// that it can put the files into a state that a power cut may leave:
///
/// - each write since a file's last sync is there, or is not, or is there in some of its sectors (512 bytes);
/// - a file that was made since its folder was synced may be gone, one that was removed may be back;
/// - after a sync that failed the writes before it may be on the disk or not, whatever later syncs say (as on Linux, where
///   a failed fsync marks pages clean).
final class FaultyDevice: Sendable {
    /// What happens to an operation.
    enum Fault: String, Sendable, CaseIterable {
        /// A write or a new file finds no room.
        case noSpace
        /// A write stops half-way.
        case shortWrite
        /// A read, write or sync fails.
        case failedRead, failedWrite, failedSync
        /// From here on nothing reaches the disk.
        case powerCut
    }

    /// What an operation does.
    enum Operation: Sendable {
        case read, write, sync, create, remove, truncate
    }

    fileprivate enum Change: Sendable {
        case write(at: Int, Data)
        case truncate(to: Int)
    }

    /// A file as the disk has it.
    fileprivate struct OnDisk: Sendable {
        /// The content when it was last synced.
        var content = Data()
        /// What was done to it since, oldest first.
        var pending: [Change] = []
        /// Whether its folder knows it after a power cut, and whether it does not know yet that the file is gone.
        var isKnown = false
    }

    private struct Content: Sendable {
        var files: [String: OnDisk] = [:]
        var operations = 0
        var fault: Fault?
        var faultAt = Int.max
        /// How many operations from `faultAt` on the fault lasts.
        var length = 1
        var faultsSeen = 0
        var isDead = false
        var generator: SeededGenerator
        /// What the files are after the power cut; decided in the moment of the cut.
        var afterCut: [String: Data?] = [:]
    }

    /// The folder that lies on the device.
    let folder: String
    private let content: Locked<Content>

    init(folder: String, seed: UInt64) {
        self.folder = folder
        content = Locked(Content(generator: SeededGenerator(state: seed)))
        FaultyFileSystem.attach(self)
    }

    deinit { FaultyFileSystem.detach(folder) }

    // MARK: Orders

    /// Makes an operation fail: the `number`th of those to come, counted from 1, and those after it up to `length`.
    func fail(_ fault: Fault, at number: Int, length: Int = 1) {
        content.withLock { content in
            (content.fault, content.faultAt, content.length) = (fault, content.operations + number, length)
            content.faultsSeen = 0
        }
    }

    /// Makes everything work again.
    func mend() { content.withLock { ($0.fault, $0.faultAt) = (nil, .max) } }

    /// How many operations there were.
    var operations: Int { content.withLock { $0.operations } }

    /// How many operations failed because of the last order.
    var faultsSeen: Int { content.withLock { $0.faultsSeen } }

    /// Whether the power is gone.
    var isDead: Bool { content.withLock { $0.isDead } }

    // MARK: What the file systems ask

    /// Counts an operation; returns what befalls it.
    func begin(_ operation: Operation) -> Fault? {
        content.withLock { content in
            if content.isDead { return .powerCut }
            content.operations += 1
            let number = content.operations
            guard let fault = content.fault, number >= content.faultAt else { return nil }
            if fault == .powerCut {
                content.isDead = true
                content.faultsSeen = 1
                content.afterCut = Self.afterCut(&content)
                return .powerCut
            }
            guard fault.befalls(operation), content.faultsSeen < content.length else { return nil }
            content.faultsSeen += 1
            return fault
        }
    }

    /// Notes that a file is open; `isNew` when that made it.
    func opened(_ path: String, isNew: Bool) {
        content.withLock { content in
            guard isNew || content.files[path] == nil else { return }
            if isNew {
                content.files[path, default: OnDisk()].pending.append(.truncate(to: 0))
            } else {
                content.files[path] = OnDisk(
                    content: FileManager.default.contents(atPath: path) ?? Data(), isKnown: true)
            }
        }
    }

    /// Notes what was written.
    func wrote(_ bytes: Data, to path: String, at offset: Int) {
        content.withLock { $0.files[path]?.pending.append(.write(at: offset, bytes)) }
    }

    /// Notes that a file was cut.
    func truncated(_ path: String, to length: Int) {
        content.withLock { $0.files[path]?.pending.append(.truncate(to: length)) }
    }

    /// Notes that a file was synced.
    func synced(_ path: String) {
        content.withLock { $0.files[path]?.settleAll() }
    }

    /// Notes that a sync of a file failed: what it was to sync is on the disk or not, once and for all.
    func failedToSync(_ path: String) {
        content.withLock { content in
            var generator = content.generator
            content.files[path]?.settle { _ in Bool.random(using: &generator) }
            content.generator = generator
        }
    }

    /// Notes that the list of a folder's files was synced.
    func syncedFolder(_ folder: String) {
        content.withLock { content in
            for path in content.files.keys where (path as NSString).deletingLastPathComponent == folder {
                if FileManager.default.fileExists(atPath: path) {
                    content.files[path]?.isKnown = true
                } else {
                    content.files[path] = nil
                }
            }
        }
    }

    // MARK: Power

    /// The power comes back: the files are what the cut left. Nothing may have them open.
    func restart() throws {
        let files = content.withLock { content in
            let files = content.isDead ? content.afterCut : Self.afterCut(&content)
            content.files = [:]
            content.afterCut = [:]
            content.isDead = false
            (content.fault, content.faultAt) = (nil, .max)
            return files
        }
        for (path, bytes) in files {
            if let bytes {
                try bytes.write(to: URL(filePath: path))
            } else if FileManager.default.fileExists(atPath: path) {
                try FileManager.default.removeItem(atPath: path)
            }
        }
        // Memory that processes share is no file.
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.hasSuffix("-shm") {
            try FileManager.default.removeItem(atPath: folder + "/" + name)
        }
    }

    private static func afterCut(_ content: inout Content) -> [String: Data?] {
        var generator = content.generator
        defer { content.generator = generator }
        // Nothing reached the disk, or everything, or anything.
        let kept = [0, 50, 100, 50].randomElement(using: &generator) ?? 50
        var result: [String: Data?] = [:]
        for (path, file) in content.files.sorted(by: { $0.key < $1.key }) {
            let exists = FileManager.default.fileExists(atPath: path)
            let isSure = file.isKnown && exists
            guard isSure || Int.random(in: 0..<100, using: &generator) < (exists ? kept : 100 - kept) else {
                result[path] = .some(nil)
                continue
            }
            guard file.isKnown || exists else { continue }
            var copy = file
            copy.settle { _ in Int.random(in: 0..<100, using: &generator) < kept }
            result[path] = copy.content
        }
        return result
    }
}

extension FaultyDevice.Fault {
    /// Whether an operation can fail so.
    func befalls(_ operation: FaultyDevice.Operation) -> Bool {
        switch self {
        case .noSpace: operation == .write || operation == .create
        case .shortWrite, .failedWrite: operation == .write
        case .failedRead: operation == .read
        case .failedSync: operation == .sync
        case .powerCut: true
        }
    }
}

extension FaultyDevice.OnDisk {
    private static let sector = 512

    /// Brings what is pending onto the disk.
    fileprivate mutating func settleAll() {
        for change in pending {
            switch change {
            case .truncate(let length): content.count = length
            case .write(let offset, let bytes):
                content.count = max(content.count, offset + bytes.count)
                content.replaceSubrange(offset..<offset + bytes.count, with: bytes)
            }
        }
        pending = []
    }

    /// Brings what is pending onto the disk, sector by sector where `reaches` says so.
    fileprivate mutating func settle(_ reaches: (Int) -> Bool) {
        for change in pending {
            switch change {
            case .truncate(let length):
                if reaches(0) { content.count = length }
            case .write(let offset, let bytes):
                var start = 0
                while start < bytes.count {
                    let end = min(bytes.count, ((offset + start) / Self.sector + 1) * Self.sector - offset)
                    if reaches(offset + start) {
                        content.count = max(content.count, offset + end)
                        content.replaceSubrange(offset + start..<offset + end, with: bytes[start..<end])
                    }
                    start = end
                }
            }
        }
        pending = []
    }
}
