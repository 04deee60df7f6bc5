import CLinux
import Glibc

/// Reads the files of a pack whoever wrote it: regular files only, none that leads out of the pack's folder, no more of
/// them and nothing longer than a pack needs.
public enum PackFiles {
    /// Most entries of a pack's folder, whatever they are.
    static let mostEntries = 10_000
    /// Most YAML files of a pack.
    static let mostFiles = 200
    /// Most bytes of all YAML files of a pack together.
    static let mostBytes = 8 << 20

    /// Why a file cannot be read, for a person.
    struct Problem: Error { let reason: String }

    // MARK: Folders

    /// The names in `folder`, sorted; `nil` where it is no folder that can be read. Throws where there are too many.
    static func names(in folder: String) throws(Problem) -> [String]? {
        guard let stream = unsafe opendir(folder) else { return nil }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name == "." || name == ".." { continue }
            guard names.count < mostEntries else {
                throw Problem(reason: "the folder has more than \(mostEntries) entries")
            }
            names.append(name)
        }
        return names.sorted()
    }

    static func isYAML(_ name: String) -> Bool { name.hasSuffix(".yaml") || name.hasSuffix(".yml") }

    // MARK: Files

    /// The bytes of the file `name` in `folder`; throws where it leads out of the folder, is no regular file, or has
    /// more than `limit` bytes.
    static func bytes(of name: String, in folder: String, limit: Int) throws(Problem) -> [UInt8] {
        let root = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard root >= 0 else { throw lastProblem("the folder cannot be opened") }
        defer { close(root) }
        let found = unsafe linux_open_beneath(root, name)
        guard found >= 0 else {
            if errno == EXDEV { throw Problem(reason: "the file leads out of the pack") }
            throw lastProblem("the file cannot be read")
        }
        defer { close(found) }
        return try bytes(behind: found, limit: limit)
    }

    /// The bytes of the file at `path`, which a person has named, wherever it is.
    static func bytes(at path: String, limit: Int) throws(Problem) -> [UInt8] {
        let found = unsafe linux_open_for_looking(path)
        guard found >= 0 else { throw lastProblem("the file cannot be read") }
        defer { close(found) }
        return try bytes(behind: found, limit: limit)
    }

    /// `place` is a descriptor for looking only: what it shows is judged before it is opened, since opening a pipe waits
    /// and opening a device acts.
    private static func bytes(behind place: Int32, limit: Int) throws(Problem) -> [UInt8] {
        var status = stat()
        guard unsafe fstat(place, &status) == 0 else { throw lastProblem("the file cannot be read") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Problem(reason: "it is no regular file") }
        let tooLong = Problem(reason: "the file is longer than \(limit >> 10) KiB")
        if status.st_size > limit { throw tooLong }
        let descriptor = unsafe open("/proc/self/fd/\(place)", O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw lastProblem("the file cannot be read") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw lastProblem("the file cannot be read") }
            if count == 0 { return bytes }
            bytes += buffer.prefix(count)
            if bytes.count > limit { throw tooLong }
        }
    }

    private static func lastProblem(_ what: String) -> Problem {
        Problem(reason: "\(what): \(unsafe String(cString: strerror(errno)))")
    }
}
