import CSQLite
import FleetModel
import Foundation

/// A file system for SQLite (sqlite.org/vfs.html) that stands before the default one: files in the folder of a
/// `FaultyDevice` meet its faults, all others are left alone.
enum FaultyFileSystem {
    /// SQLITE_IOERR_DELETE, which C makes of two other constants.
    private static let deleteFailed = SQLITE_IOERR | 10 << 8
    private static let devices = Locked<[String: Weak]>([:])

    private struct Weak: Sendable {
        weak var device: FaultyDevice?
    }

    /// Puts a device before its folder.
    static func attach(_ device: FaultyDevice) {
        _ = isRegistered
        devices.withLock { $0[device.folder] = Weak(device: device) }
    }

    static func detach(_ folder: String) { devices.withLock { $0[folder] = nil } }

    /// The device that a file is on.
    static func device(of path: String) -> FaultyDevice? {
        devices.withLock { $0[(path as NSString).deletingLastPathComponent]?.device }
    }

    /// What SQLite keeps of an open file; behind it the default file system keeps its own.
    @unsafe fileprivate struct Wrapped {
        var methods: UnsafePointer<sqlite3_io_methods>?
        var file: Unmanaged<FaultyFile>?
    }

    fileprivate static let wrappedSize = 64

    // SAFETY: both are written once, before the first file is opened, and live as long as the process.
    fileprivate nonisolated(unsafe) static let original = unsafe sqlite3_vfs_find(nil)
    fileprivate nonisolated(unsafe) static let methods = unsafe makeMethods()

    private static let isRegistered: Bool = {
        guard let original = unsafe original else { return false }
        let system = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        unsafe system.initialize(to: original.pointee)
        unsafe system.pointee.szOsFile = Int32(wrappedSize) + original.pointee.szOsFile
        unsafe system.pointee.zName = UnsafePointer(strdup("faulty"))
        unsafe system.pointee.xOpen = { unsafe open($1, $2, $3, $4) }
        unsafe system.pointee.xDelete = { unsafe remove($1, $2) }
        return unsafe sqlite3_vfs_register(system, 1) == SQLITE_OK
    }()

    private static func open(
        _ name: UnsafePointer<CChar>?, _ room: UnsafeMutablePointer<sqlite3_file>?, _ flags: Int32,
        _ given: UnsafeMutablePointer<Int32>?
    ) -> Int32 {
        guard let original = unsafe original, let room = unsafe room, let openReal = unsafe original.pointee.xOpen
        else { return SQLITE_CANTOPEN }
        let path = unsafe name.map { unsafe String(cString: $0) } ?? ""
        guard let device = device(of: path) else { return unsafe openReal(original, name, room, flags, given) }
        let isNew = !FileManager.default.fileExists(atPath: path)
        unsafe room.pointee.pMethods = nil
        switch device.begin(isNew ? .create : .read) {
        case nil: break
        case .noSpace: return SQLITE_FULL
        case _?: return SQLITE_CANTOPEN
        }
        let wrapped = UnsafeMutableRawPointer(room)
        let real = unsafe (wrapped + wrappedSize).assumingMemoryBound(to: sqlite3_file.self)
        let status = unsafe openReal(original, name, real, flags, given)
        guard status == SQLITE_OK else { return status }
        let syncsFolder = isNew && flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL) != 0
        let file = unsafe FaultyFile(device: device, path: path, real: real, syncsFolder: syncsFolder)
        device.opened(path, isNew: isNew)
        unsafe wrapped.assumingMemoryBound(to: Wrapped.self).initialize(
            to: Wrapped(methods: methods, file: Unmanaged.passRetained(file)))
        return SQLITE_OK
    }

    private static func remove(_ name: UnsafePointer<CChar>?, _ syncsFolder: Int32) -> Int32 {
        guard let original = unsafe original, let removeReal = unsafe original.pointee.xDelete else {
            return deleteFailed
        }
        let path = unsafe name.map { unsafe String(cString: $0) } ?? ""
        guard let device = device(of: path) else { return unsafe removeReal(original, name, syncsFolder) }
        if device.begin(.remove) != nil { return deleteFailed }
        let status = unsafe removeReal(original, name, 0)
        if status == SQLITE_OK, syncsFolder != 0 { device.syncedFolder(device.folder) }
        return status
    }

    fileprivate static func file(_ room: UnsafeMutablePointer<sqlite3_file>?) -> FaultyFile? {
        guard let room = unsafe room else { return nil }
        return unsafe UnsafeRawPointer(room).assumingMemoryBound(to: Wrapped.self).pointee.file?.takeUnretainedValue()
    }

    fileprivate static func close(_ room: UnsafeMutablePointer<sqlite3_file>?) -> Int32 {
        guard let room = unsafe room else { return SQLITE_OK }
        let wrapped = unsafe UnsafeMutableRawPointer(room).assumingMemoryBound(to: Wrapped.self)
        guard let file = unsafe wrapped.pointee.file else { return SQLITE_OK }
        let real = unsafe file.takeUnretainedValue().real
        let status = unsafe real.pointee.pMethods?.pointee.xClose?(real) ?? SQLITE_OK
        unsafe file.release()
        unsafe wrapped.pointee = Wrapped(methods: nil, file: nil)
        return status
    }

    private static func makeMethods() -> UnsafePointer<sqlite3_io_methods> {
        var table = sqlite3_io_methods()
        table.iVersion = 2
        unsafe table.xClose = { unsafe FaultyFileSystem.close($0) }
        unsafe table.xRead = { unsafe FaultyFileSystem.file($0)?.read($1, $2, $3) ?? SQLITE_IOERR }
        unsafe table.xWrite = { unsafe FaultyFileSystem.file($0)?.write($1, $2, $3) ?? SQLITE_IOERR }
        unsafe table.xTruncate = { unsafe FaultyFileSystem.file($0)?.truncate($1) ?? SQLITE_IOERR }
        unsafe table.xSync = { file, _ in unsafe FaultyFileSystem.file(file)?.sync() ?? SQLITE_IOERR }
        passOn(&table)
        let place = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
        unsafe place.initialize(to: table)
        return unsafe UnsafePointer(place)
    }

    /// The calls that the default file system answers.
    private static func passOn(_ table: inout sqlite3_io_methods) {
        unsafe table.xFileSize = { room, size in
            guard let file = unsafe FaultyFileSystem.file(room) else { return SQLITE_IOERR }
            return unsafe file.table?.xFileSize?(file.real, size) ?? SQLITE_IOERR
        }
        unsafe table.xLock = { room, level in
            guard let file = unsafe FaultyFileSystem.file(room) else { return SQLITE_IOERR }
            return unsafe file.table?.xLock?(file.real, level) ?? SQLITE_IOERR
        }
        unsafe table.xUnlock = { room, level in
            guard let file = unsafe FaultyFileSystem.file(room) else { return SQLITE_IOERR }
            return unsafe file.table?.xUnlock?(file.real, level) ?? SQLITE_IOERR
        }
        unsafe table.xCheckReservedLock = { room, answer in
            guard let file = unsafe FaultyFileSystem.file(room) else { return SQLITE_IOERR }
            return unsafe file.table?.xCheckReservedLock?(file.real, answer) ?? SQLITE_IOERR
        }
        unsafe table.xFileControl = { room, code, argument in
            guard let file = unsafe FaultyFileSystem.file(room) else { return SQLITE_IOERR }
            return unsafe file.table?.xFileControl?(file.real, code, argument) ?? SQLITE_IOERR
        }
        unsafe table.xSectorSize = { room in
            guard let file = unsafe FaultyFileSystem.file(room) else { return SQLITE_IOERR }
            return unsafe file.table?.xSectorSize?(file.real) ?? SQLITE_IOERR
        }
        unsafe table.xDeviceCharacteristics = { room in
            guard let file = unsafe FaultyFileSystem.file(room) else { return SQLITE_IOERR }
            return unsafe file.table?.xDeviceCharacteristics?(file.real) ?? SQLITE_IOERR
        }
        unsafe table.xShmMap = { room, region, size, extends, place in
            guard let file = unsafe FaultyFileSystem.file(room) else { return SQLITE_IOERR }
            return unsafe file.table?.xShmMap?(file.real, region, size, extends, place) ?? SQLITE_IOERR
        }
        unsafe table.xShmLock = { room, offset, count, flags in
            guard let file = unsafe FaultyFileSystem.file(room) else { return SQLITE_IOERR }
            return unsafe file.table?.xShmLock?(file.real, offset, count, flags) ?? SQLITE_IOERR
        }
        unsafe table.xShmUnmap = { room, removes in
            guard let file = unsafe FaultyFileSystem.file(room) else { return SQLITE_IOERR }
            return unsafe file.table?.xShmUnmap?(file.real, removes) ?? SQLITE_IOERR
        }
        unsafe table.xShmBarrier = { room in
            guard let file = unsafe FaultyFileSystem.file(room) else { return }
            unsafe file.table?.xShmBarrier?(file.real)
        }
    }
}

/// An open file of SQLite's on a faulty device.
///
/// SAFETY: SQLite uses a file from one thread at a time.
@safe private final class FaultyFile {
    let device: FaultyDevice
    let path: String
    let real: UnsafeMutablePointer<sqlite3_file>
    /// Whether the first sync also syncs the folder, as the default file system does for a new journal.
    private var syncsFolder: Bool

    init(device: FaultyDevice, path: String, real: UnsafeMutablePointer<sqlite3_file>, syncsFolder: Bool) {
        self.device = device
        self.path = path
        unsafe self.real = real
        self.syncsFolder = syncsFolder
    }

    /// What the default file system does with the file.
    var table: sqlite3_io_methods? { unsafe real.pointee.pMethods?.pointee }

    func read(_ room: UnsafeMutableRawPointer?, _ count: Int32, _ offset: Int64) -> Int32 {
        if device.begin(.read) != nil { return SQLITE_IOERR | 1 << 8 }
        return unsafe table?.xRead?(real, room, count, offset) ?? SQLITE_IOERR
    }

    func write(_ bytes: UnsafeRawPointer?, _ count: Int32, _ offset: Int64) -> Int32 {
        guard let bytes = unsafe bytes else { return SQLITE_OK }
        let fault = device.begin(.write)
        if fault == .powerCut { return SQLITE_IOERR | 3 << 8 }
        // What fails may have written a part.
        let part = fault == nil ? count : fault == .shortWrite ? count / 2 : 0
        if part > 0 {
            let status = unsafe table?.xWrite?(real, bytes, part, offset) ?? SQLITE_IOERR
            guard status == SQLITE_OK else { return status }
            let written = unsafe Data(bytes: bytes, count: Int(part))
            device.wrote(written, to: path, at: Int(offset))
        }
        switch fault {
        case nil: return SQLITE_OK
        case .noSpace, .shortWrite: return SQLITE_FULL
        case _?: return SQLITE_IOERR | 3 << 8
        }
    }

    func truncate(_ length: Int64) -> Int32 {
        if device.begin(.truncate) != nil { return SQLITE_IOERR | 6 << 8 }
        let status = unsafe table?.xTruncate?(real, length) ?? SQLITE_IOERR
        if status == SQLITE_OK { device.truncated(path, to: Int(length)) }
        return status
    }

    func sync() -> Int32 {
        let fault = device.begin(.sync)
        if fault == .powerCut { return SQLITE_IOERR | 4 << 8 }
        if fault != nil {
            device.failedToSync(path)
            return SQLITE_IOERR | 4 << 8
        }
        device.synced(path)
        if syncsFolder {
            syncsFolder = false
            device.syncedFolder(device.folder)
        }
        return SQLITE_OK
    }
}
