import FleetModel

@testable import TimeSeriesStore

/// A disk in memory that fails when told to, and forgets at a power cut what was not synced.
final class FaultyDisk: LogFolder {
    /// What goes wrong, and at which of the coming operations.
    enum Fault: Sendable, CaseIterable {
        case noSpace, shortWrite, failedWrite, failedSync, failedCreate
    }

    struct Content: Sendable {
        var files: [String: [UInt8]] = [:]
        var synced: [String: Int] = [:]
        var faults: [Fault] = []
    }

    let content = Locked(Content())

    /// Makes the next operation of the fault's kind fail.
    func fail(_ fault: Fault) { content.withLock { $0.faults.append(fault) } }

    /// Whether all ordered faults have happened.
    var isWell: Bool { content.withLock { $0.faults.isEmpty } }

    /// The disk after a power cut: of what was not synced, an arbitrary part is there, and its last bytes may be wrong.
    func afterPowerCut(_ generator: inout some RandomNumberGenerator) -> FaultyDisk {
        let disk = FaultyDisk()
        let old = content.withLock { $0 }
        var files = old.files
        for (name, bytes) in old.files {
            let safe = old.synced[name] ?? 0
            var kept = Array(bytes[..<Int.random(in: safe...bytes.count, using: &generator)])
            if kept.count > safe, Bool.random(using: &generator) {
                kept[Int.random(in: safe..<kept.count, using: &generator)] ^= 0x55
            }
            files[name] = kept
        }
        disk.content.withLock { [files] content in
            content.files = files
            content.synced = files.mapValues(\.count)
        }
        return disk
    }

    func list() throws(StoreError) -> [String] { content.withLock { $0.files.keys.sorted() } }

    func create(_ name: String) throws(StoreError) -> any LogFile {
        try take(.failedCreate)
        let isNew = content.withLock { $0.files.updateValue([], forKey: name) == nil }
        guard isNew else { throw .fileFailed(path: name, operation: "create", reason: "File exists") }
        return File(disk: self, name: name)
    }

    func read(_ name: String) throws(StoreError) -> [UInt8] { content.withLock { $0.files[name] ?? [] } }

    func remove(_ name: String) throws(StoreError) { content.withLock { $0.files[name] = nil } }

    fileprivate func take(_ fault: Fault) throws(StoreError) {
        let happens = content.withLock { content in
            guard let place = content.faults.firstIndex(of: fault) else { return false }
            content.faults.remove(at: place)
            return true
        }
        guard happens else { return }
        if fault == .noSpace { throw .noSpace(path: "disk") }
        throw .fileFailed(path: "disk", operation: "\(fault)", reason: "Input/output error")
    }

    private struct File: LogFile {
        let disk: FaultyDisk
        let name: String

        func append(_ bytes: [UInt8]) throws(StoreError) {
            try disk.take(.failedWrite)
            do throws(StoreError) {
                try disk.take(.shortWrite)
                try disk.take(.noSpace)
            } catch {
                disk.content.withLock { $0.files[name]?.append(contentsOf: bytes.prefix(bytes.count / 2)) }
                throw error
            }
            disk.content.withLock { $0.files[name]?.append(contentsOf: bytes) }
        }

        func sync() throws(StoreError) {
            try disk.take(.failedSync)
            disk.content.withLock { $0.synced[name] = $0.files[name]?.count }
        }

        func truncate(to length: Int) throws(StoreError) {
            disk.content.withLock { content in
                guard let file = content.files[name], file.count > length else { return }
                content.files[name] = Array(file[..<length])
                content.synced[name] = min(content.synced[name] ?? 0, length)
            }
        }
    }
}
