import FleetModel
import FoundationEssentials
import Glibc

/// Who has an image that QEMU could not lock. QEMU's locks belong to open files and name no process in /proc/locks, but
/// the descriptors of the process that made one do (proc(5), `/proc/PID/fdinfo`):
/// ```
/// lock:	1: OFDLCK  ADVISORY  READ -1 fd:01:262147 201 201
/// ```
enum ImageHolder {
    /// Every process that holds a lock on the file: its number, and the name of the VM where it is one's.
    static func holders(of path: String) -> [String] {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return [] }
        let processes = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { Int32($0) }
        return processes.sorted().filter { holds($0, inode: UInt64(status.st_ino)) }.map(description)
    }

    /// Whether a line of `fdinfo` is a lock on this inode.
    static func isLock(_ line: Substring, inode: UInt64) -> Bool {
        guard line.hasPrefix("lock:") else { return false }
        return line.split(whereSeparator: \.isWhitespace).contains { word in
            let parts = word.split(separator: ":")
            return parts.count == 3 && UInt64(parts[2]) == inode
        }
    }

    private static func holds(_ process: Int32, inode: UInt64) -> Bool {
        let folder = "/proc/\(process)/fdinfo"
        let descriptors = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return descriptors.contains { number in
            let text = String(decoding: SmallFile.read("\(folder)/\(number)") ?? [], as: UTF8.self)
            return text.split(separator: "\n").contains { isLock($0, inode: inode) }
        }
    }

    private static func description(_ process: Int32) -> String {
        let arguments = (SmallFile.read("/proc/\(process)/cmdline") ?? []).split(separator: 0)
            .map { String(decoding: $0, as: UTF8.self) }
        if let place = arguments.firstIndex(of: "-name"), arguments.indices.contains(place + 1),
            let name = arguments[place + 1].split(separator: ",").first(where: { $0.hasPrefix("guest=") }),
            let guest = Name<VirtualMachineKind>(String(name.dropFirst(6)))
        {
            return "the VM \(guest) (process \(process))"
        }
        let name = String(
            decoding: (SmallFile.read("/proc/\(process)/comm") ?? []).filter { (0x20...0x7e).contains($0) },
            as: UTF8.self)
        return "process \(process) (\(name))"
    }
}

extension QEMUMachine {
    /// Why QEMU did not start, in better words than its own where there are any.
    func explained(_ error: any Error, _ definition: VirtualMachineDefinition) -> any Error {
        guard case .ended(_, let log)? = error as? HostRuntimeError, log.contains("lock") else { return error }
        for (place, disk) in ((try? host.placed(definition)) ?? definition).disks.enumerated() {
            let holders = ImageHolder.holders(of: disk.path)
            if holders.isEmpty { continue }
            return HostRuntimeError.definition(
                field: "disks[\(place)].path",
                problem: "\(disk.path) is in use by \(holders.joined(separator: ", ")); QEMU could not lock it")
        }
        return error
    }
}
