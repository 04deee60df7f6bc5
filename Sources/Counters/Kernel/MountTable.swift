/// `/proc/mounts` or `/proc/PID/mounts`: what is mounted (Linux `fs/proc_namespace.c`, fstab(5)).
///
/// ```
/// /dev/mapper/vg-images /var/lib/libvirt/my\040images ext4 rw,relatime 0 0
/// device                mount point                   type options
/// ```
/// A blank, a tab, a newline, a backslash and a number sign in a name are written as `\` and three octal digits.
public struct MountTable: Hashable, Sendable {
    /// One mount.
    public struct Mount: Hashable, Sendable {
        /// The device or another source.
        public var device: String
        /// Where it is mounted, as the kernel knows it: escapes are undone.
        public var mountPoint: String
        /// The type of the file system.
        public var type: String
        /// Whether nothing can be written to it.
        public var isReadOnly: Bool
    }

    /// The mounts in the file's order; of two on the same mount point the later hides the earlier.
    public var mounts: [Mount] = []

    /// Reads the file's content; throws where a line has fewer than four words, or where there is no line.
    public init(parsing bytes: Span<UInt8>, path: String = "/proc/mounts") throws(CounterError) {
        var place = 0
        var lineNumber = 1
        while place < bytes.count {
            if !bytes.line(from: place).isEmpty {
                guard let mount = Self.mount(bytes, &place) else {
                    throw .malformed(path: path, line: lineNumber, expected: "device, mount point, type and options")
                }
                mounts.append(mount)
            }
            place = bytes.lineEnd(from: place)
            lineNumber += 1
        }
        if mounts.isEmpty { throw .malformed(path: path, line: 1, expected: "a line for each mount") }
    }

    /// The file systems whose space is a disk's of this host, each once, at the first place where it is mounted: on a
    /// block device, or of ZFS. File systems of the network are left out, for asking one whose server is gone waits
    /// forever; so are images that are always full.
    public var diskFileSystems: [Mount] {
        var seen: Set<String> = []
        return mounts.filter { mount in
            guard Self.isOnDisk(mount), !isHidden(mount) else { return false }
            return seen.insert(mount.device).inserted
        }
    }

    /// The file systems that other hosts can have mounted at the same time, in the file's order. Nothing is asked of them
    /// here: their names alone are what is mounted.
    public var sharedFileSystems: [Mount] {
        mounts.filter { Self.sharedTypes.contains($0.type) && !isHidden($0) }
    }

    private static let sharedTypes: Set<String> = [
        "nfs", "nfs4", "ceph", "fuse.ceph", "fuse.ceph-fuse", "gfs2", "ocfs2", "glusterfs", "fuse.glusterfs", "cifs",
        "smb3", "lustre", "gpfs", "beegfs", "fuse.mfs", "fuse.lizardfs", "fuse.saunafs", "pvfs2", "orangefs",
    ]

    private static let imageTypes: Set<String> = ["squashfs", "iso9660", "udf", "erofs", "cramfs"]

    private static func isOnDisk(_ mount: Mount) -> Bool {
        if mount.type == "zfs" { return true }
        guard mount.device.hasPrefix("/dev/"), !imageTypes.contains(mount.type) else { return false }
        return mount.type == "fuseblk" || !(mount.type == "fuse" || mount.type.hasPrefix("fuse."))
    }

    private func isHidden(_ mount: Mount) -> Bool {
        mounts.last { $0.mountPoint == mount.mountPoint } != mount
    }

    private static func mount(_ bytes: Span<UInt8>, _ place: inout Int) -> Mount? {
        guard let device = bytes.word(&place), let point = bytes.word(&place), let type = bytes.word(&place),
            let options = bytes.word(&place)
        else { return nil }
        return Mount(
            device: unescaped(bytes, device), mountPoint: unescaped(bytes, point), type: unescaped(bytes, type),
            isReadOnly: bytes.holds("ro", in: options) || bytes.hasPrefix("ro,", at: options.lowerBound))
    }

    private static func unescaped(_ bytes: Span<UInt8>, _ word: Range<Int>) -> String {
        if bytes.firstPlace(of: .backslash, in: word) == nil { return bytes.text(word) }
        var content: [UInt8] = []
        var place = word.lowerBound
        while place < word.upperBound {
            if bytes[place] == .backslash, let byte = octal(bytes, place + 1, word.upperBound) {
                content.append(byte)
                place += 4
            } else {
                content.append(bytes[place])
                place += 1
            }
        }
        return String(decoding: content, as: UTF8.self)
    }

    private static func octal(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> UInt8? {
        guard start + 3 <= end else { return nil }
        var value: Int64 = 0
        for place in start..<start + 3 {
            guard let digit = bytes[place].decimalDigit, digit < 8 else { return nil }
            value = value * 8 + digit
        }
        return UInt8(exactly: value)
    }
}
