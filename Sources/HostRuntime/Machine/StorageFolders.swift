import Glibc

/// The folders that files of VMs may lie in; none for anywhere.
public struct StorageFolders: Sendable {
    /// How many images a chain may have.
    private static let longestChain = 64

    /// As they were named, and as they are with every link followed.
    private let folders: [(named: String, real: String?)]

    /// The folders as they are named, by absolute path.
    public init(_ folders: [String]) { self.folders = folders.map { ($0, Self.real($0)) } }

    /// What speaks against `path`; `nil` when nothing does. A folder may be one of them itself.
    public func objection(to path: String, isFolder: Bool = false) -> String? {
        if folders.isEmpty { return nil }
        guard let real = Self.real(path) else { return "\(path): \(lastSystemError())" }
        let isInside = folders.contains { folder in
            folder.real.map { real.hasPrefix($0 == "/" ? "/" : $0 + "/") || isFolder && real == $0 } ?? false
        }
        if isInside { return nil }
        let place = real == path ? path : "\(path) (\(real))"
        return "\(place) lies outside of this host's storage (\(folders.map(\.named).joined(separator: ", ")))"
    }

    /// What speaks against the images that the qcow2 image at `path` names, which QEMU opens without being told to.
    public func objection(toChainOf path: String) -> String? {
        if folders.isEmpty { return nil }
        var image = path
        for _ in 0..<Self.longestChain {
            guard let header = QCOW2Header(at: image) else { return nil }
            if header.hasDataFile { return "\(image) keeps its data in another file, which a storage list rules out" }
            guard let backing = header.backingFile else { return nil }
            if let problem = header.objection { return "\(image): \(problem)" }
            image = backing.hasPrefix("/") ? backing : Self.folder(of: image) + backing
            if let problem = objection(to: image) { return "its backing file \(problem)" }
        }
        return "its chain of backing files has no end"
    }

    private static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    }

    private static func real(_ path: String) -> String? {
        guard let buffer = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(buffer) }
        return unsafe String(cString: buffer)
    }
}

/// What the head of a qcow2 image says of other files (QEMU, docs/interop/qcow2.txt), big-endian:
/// ```
///  0  magic "QFI\xfb"      8  offset of the backing file's name   16  its length
///  4  version             72  incompatible features (version 3); bit 2: the data are in another file
/// ```
private struct QCOW2Header {
    var backingFile: String?
    var hasDataFile: Bool

    /// `nil` where the file is no qcow2 image or cannot be read, which QEMU will find too.
    init?(at path: String) {
        let number = unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard number >= 0 else { return nil }
        let file = FileDescriptor(number)
        guard let head = Self.bytes(of: file, at: 0, count: 80), head.starts(with: [0x51, 0x46, 0x49, 0xfb]) else {
            return nil
        }
        func value(_ range: Range<Int>) -> UInt64 { head[range].reduce(0) { $0 << 8 | UInt64($1) } }
        hasDataFile = value(4..<8) >= 3 && value(72..<80) & 4 != 0
        let (offset, length) = (value(8..<16), value(16..<20))
        if offset > 0, length > 0 {
            guard let place = Int(exactly: offset), length <= 1023,
                let name = Self.bytes(of: file, at: place, count: Int(length))
            else { return nil }
            backingFile = String(decoding: name, as: UTF8.self)
        }
    }

    /// A name such as `json:{...}` or `nbd://host` is no path.
    var objection: String? {
        guard let backingFile, backingFile.prefix(while: { $0 != "/" }).contains(":") else { return nil }
        return "its backing file '\(backingFile)' is no plain path"
    }

    private static func bytes(of file: FileDescriptor, at place: Int, count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        let read = unsafe pread(file.number, &bytes, count, place)
        return read == count ? bytes : nil
    }
}
