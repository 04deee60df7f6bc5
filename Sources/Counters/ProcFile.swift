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
    ///
    /// The kernel makes up the content anew for each read, so it is taken with one: what does not fit is read again
    /// from the start, never pieced together from two moments.
    func read(into buffer: inout ReadBuffer) throws(CounterError) -> Int {
        while true {
            let count = buffer.receive(from: descriptor)
            if count < 0 {
                if errno == EINTR { continue }
                throw .system(call: "read", path: path, errno: errno)
            }
            if count < buffer.bytes.count { return count }
            buffer.grow()
        }
    }

    /// Fills `buffer` with the begin of a file that may be of any length, such as a command line, as much as there is
    /// room for, and returns how many bytes that is.
    func readStart(into buffer: inout ReadBuffer) throws(CounterError) -> Int {
        while true {
            let count = buffer.receive(from: descriptor)
            if count >= 0 { return count }
            if errno != EINTR { throw .system(call: "read", path: path, errno: errno) }
        }
    }
}

/// Room that files are read into, one after the other.
struct ReadBuffer: Sendable {
    private(set) var bytes = [UInt8](repeating: 0, count: 16_384)

    mutating func grow() {
        bytes.append(contentsOf: [UInt8](repeating: 0, count: bytes.count))
    }

    /// Reads from the file's start.
    fileprivate mutating func receive(from descriptor: Int32) -> Int {
        unsafe bytes.withUnsafeMutableBytes { room in unsafe pread(descriptor, room.baseAddress, room.count, 0) }
    }
}

/// What a folder of `/proc` or `/sys` has.
enum ProcFolder {
    /// The names that are numbers: processes, or threads of one.
    static func numbers(in path: String) throws(CounterError) -> [Int32] {
        try unsafe entries(in: path) { entry in unsafe number(entry) }
    }

    /// All names.
    static func names(in path: String) throws(CounterError) -> [String] {
        try unsafe entries(in: path) { entry in
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
                unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            return name.hasPrefix(".") ? nil : name
        }
    }

    private static func entries<Value>(
        in path: String, _ value: (UnsafeMutablePointer<dirent>) -> Value?
    ) throws(CounterError) -> [Value] {
        guard let folder = unsafe opendir(path) else { throw .system(call: "opendir", path: path, errno: errno) }
        defer { unsafe closedir(folder) }
        var found: [Value] = []
        while let entry = unsafe readdir(folder) {
            if let value = unsafe value(entry) { found.append(value) }
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
