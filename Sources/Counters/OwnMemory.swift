import FleetModel
import Glibc

/// What a process that uses this room holds of the host's memory.
public enum OwnMemory {
    /// Resident bytes of this process; `nil` where the kernel does not say.
    public static func resident() -> Bytes? {
        var buffer = ReadBuffer()
        guard let file = try? ProcFile("/proc/self/statm"), let length = try? file.read(into: &buffer),
            let memory = try? ProcessMemory(parsing: buffer.bytes.span.extracting(0..<length), path: file.path)
        else { return nil }
        return Bytes(memory.residentPages * Int64(sysconf(Int32(_SC_PAGESIZE))))
    }
}
