import Glibc

/// A file that a kernel may not have, or not yet: looked for with every reading until it is there, then kept open.
struct OptionalFile: Sendable {
    let path: String
    private var file: ProcFile?

    init(_ path: String) {
        self.path = path
    }

    /// Fills `buffer` with the file's content and returns how many bytes it has; `nil` where the kernel has no such
    /// file, has it switched off, or says that it does not apply (a link that is down has no speed).
    mutating func read(into buffer: inout ReadBuffer) throws(CounterError) -> Int? {
        do throws(CounterError) {
            let open: ProcFile
            if let file { open = file } else { open = try ProcFile(path) }
            file = open
            return try open.read(into: &buffer)
        } catch {
            file = nil
            guard case .system(_, _, let number) = error, Self.absences.contains(number) else { throw error }
            return nil
        }
    }

    /// The file's content as a number; `nil` where there is none.
    mutating func count(_ buffer: inout ReadBuffer) throws(CounterError) -> Int64? {
        guard let length = try read(into: &buffer) else { return nil }
        return try SingleValue.count(parsing: buffer.bytes.span.extracting(0..<length), path: path)
    }

    private static let absences: [Int32] = [ENOENT, ENOTDIR, EOPNOTSUPP, EINVAL, ENODEV, ESRCH]
}
