import FleetModel
import Glibc

/// An image with nothing in it, for a disk that is about to be copied into it.
///
/// A raw one is a file with a hole. A qcow2 one (QEMU, docs/interop/qcow2.txt; version 3, big-endian, clusters of 64 KiB):
/// ```
/// cluster 0   header: "QFI\xfb", 3, ..., cluster bits 16, size, L1 entries and place, refcount table's place, ...
/// cluster 1   refcount table: the place of the one refcount block
/// cluster 2   refcount block: 1 for each of these clusters, 16 bits each
/// cluster 3.. L1 table: zeros, nothing is allocated
/// ```
enum EmptyImage {
    private static let cluster: Int64 = 1 << 16
    /// What one entry of the L1 table stands for: a cluster of L2 entries, 8 bytes each, of a cluster each.
    private static let bytesPerEntry = cluster / 8 * cluster
    /// Above this the L1 table would not fit into what is written here.
    private static let largest = Bytes.gibibytes(1 << 20)

    /// Makes one of `size` bytes as the guest sees it; throws where something is there already, or there is no room.
    static func make(
        at path: String, format: VirtualMachineDefinition.Disk.Format, size: Bytes
    ) throws(HostRuntimeError) {
        guard size > .zero, size <= largest else {
            throw .definition(field: "disks", problem: "\(path): \(size) is no size of a disk")
        }
        let number = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard number >= 0 else {
            throw .system(doing: "cannot make the disk's image", on: path, reason: lastSystemError())
        }
        let file = FileDescriptor(number)
        do throws(HostRuntimeError) {
            switch format {
            case .raw: try grow(file, to: size.count, path)
            case .qcow2:
                let head = header(size.count)
                try grow(file, to: Int64(head.count), path)
                guard unsafe write(number, head, head.count) == head.count else {
                    throw .system(doing: "cannot write", on: path, reason: lastSystemError())
                }
            }
            guard fsync(number) == 0 else { throw .system(doing: "cannot write", on: path, reason: lastSystemError()) }
        } catch {
            unsafe _ = unlink(path)
            throw error
        }
    }

    private static func grow(_ file: FileDescriptor, to size: Int64, _ path: String) throws(HostRuntimeError) {
        guard ftruncate(file.number, Int(size)) == 0 else {
            throw .system(doing: "cannot make room for", on: path, reason: lastSystemError())
        }
    }

    /// All clusters of an empty qcow2 image.
    static func header(_ size: Int64) -> [UInt8] {
        let entries = max(1, (size + bytesPerEntry - 1) / bytesPerEntry)
        let tableClusters = (entries * 8 + cluster - 1) / cluster
        let clusters = 3 + tableClusters
        var image = [UInt8](repeating: 0, count: Int(clusters * cluster))
        func put(_ value: some FixedWidthInteger, at place: Int) {
            for (offset, byte) in bytes(of: value).enumerated() { image[place + offset] = byte }
        }
        put(UInt32(0x5146_49fb), at: 0)
        put(UInt32(3), at: 4)
        put(UInt32(16), at: 20)
        put(UInt64(size), at: 24)
        put(UInt32(entries), at: 36)
        put(UInt64(3 * cluster), at: 40)
        put(UInt64(cluster), at: 48)
        put(UInt32(1), at: 56)
        // 2^4 bits for each reference count, and the length of this header.
        put(UInt32(4), at: 96)
        put(UInt32(104), at: 100)
        put(UInt64(2 * cluster), at: Int(cluster))
        for number in 0..<Int(clusters) { put(UInt16(1), at: Int(2 * cluster) + 2 * number) }
        return image
    }

    private static func bytes(of value: some FixedWidthInteger) -> [UInt8] {
        (0..<value.bitWidth / 8).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
}
