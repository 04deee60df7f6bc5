import FleetModel
import Glibc

/// The first bytes of an image (QEMU's docs/interop/qcow2.txt).
enum ImageHead {
    private static let magic: [UInt8] = [0x51, 0x46, 0x49, 0xfb]

    /// The head of a qcow2 image, 32 bytes; `nil` where the file is none or cannot be read.
    static func qcow2(_ path: String) -> [UInt8]? {
        let number = unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard number >= 0 else { return nil }
        let file = FileDescriptor(number)
        var bytes = [UInt8](repeating: 0, count: 32)
        guard unsafe pread(file.number, &bytes, 32, 0) == 32, bytes.starts(with: magic), bytes[24] < 0x80 else {
            return nil
        }
        return bytes
    }

    /// Why the image is not of the format that it is said to have. The other way round nothing can be said: what a guest
    /// wrote to the beginning of its raw disk is its own affair.
    static func objection(to disk: VirtualMachineDefinition.Disk) -> String? {
        guard disk.format == .qcow2, qcow2(disk.path) == nil else { return nil }
        return "\(disk.path) is not a qcow2 image: it does not begin like one"
    }
}
