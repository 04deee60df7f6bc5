import Glibc

/// A file of `/proc` that stays open and is read anew from its start with every sample: opening costs more than
/// reading, and a descriptor of a process that has ended never turns into another process of the same number.
final class ProcFile: Sendable {
    let path: String
    private let descriptor: Int32

    /// Opens the file; throws `CounterError.system`.
    init(_ path: String) throws(CounterError) {
        self.path = path
        descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 { throw .system(call: "open", path: path, errno: errno) }
    }

    deinit {
        close(descriptor)
    }

    /// Fills `buffer` with the file's content and returns how many bytes it has; the buffer grows where it is too
    /// small and keeps its room for the next file.
    func read(into buffer: inout ReadBuffer) throws(CounterError) -> Int {
        var length = 0
        while true {
            let count = buffer.receive(from: descriptor, at: length)
            if count < 0 {
                if errno == EINTR { continue }
                throw .system(call: "read", path: path, errno: errno)
            }
            if count == 0 { return length }
            length += count
            if length == buffer.bytes.count { buffer.grow() }
        }
    }
}

/// Room that files are read into, one after the other.
struct ReadBuffer: Sendable {
    private(set) var bytes = [UInt8](repeating: 0, count: 16_384)

    mutating func grow() {
        bytes.append(contentsOf: [UInt8](repeating: 0, count: bytes.count))
    }

    /// `pread` to the place in the buffer that is also the place in the file.
    fileprivate mutating func receive(from descriptor: Int32, at place: Int) -> Int {
        unsafe bytes.withUnsafeMutableBytes { room in
            guard let start = room.baseAddress else { return 0 }
            return unsafe pread(descriptor, start + place, room.count - place, off_t(place))
        }
    }
}

/// Numbers that a folder of `/proc` has as names: processes, or threads of one.
enum ProcFolder {
    static func numbers(in path: String) throws(CounterError) -> [Int32] {
        guard let folder = unsafe opendir(path) else { throw .system(call: "opendir", path: path, errno: errno) }
        defer { unsafe closedir(folder) }
        var found: [Int32] = []
        while let entry = unsafe readdir(folder) {
            if let number = unsafe number(entry) { found.append(number) }
        }
        return found
    }

    private static func number(_ entry: UnsafeMutablePointer<dirent>) -> Int32? {
        unsafe withUnsafeBytes(of: &entry.pointee.d_name) { name -> Int32? in
            var value: Int32 = 0
            for place in name.indices {
                let byte = unsafe name[place]
                if byte == 0 { return place > 0 ? value : nil }
                guard let digit = byte.decimalDigit, value < Int32.max / 10 else { return nil }
                value = value * 10 + Int32(digit)
            }
            return nil
        }
    }
}
