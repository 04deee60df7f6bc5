import CLinux
import Glibc

/// Why a pack's program is not started.
public struct ProgramProblem: Error, Hashable, CustomStringConvertible {
    /// The file and what is wrong with it.
    public let description: String
}

/// A program of a pack, looked at right before it is started.
enum ProgramFile {
    /// The absolute path of `command` in `folder`. Throws where it leads out of the folder (`..`, symbolic links), is no
    /// regular file that may be executed, or where somebody else may change it: it, or a folder on the way to it, is
    /// writable by others or not ours or root's.
    static func path(of command: String, in folder: String) throws(ProgramProblem) -> String {
        let root = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard root >= 0 else { throw problem(folder, "the pack's folder cannot be opened: \(reason())") }
        defer { close(root) }
        try judge(root, folder, isFolder: true)
        let parts = command.split(separator: "/", omittingEmptySubsequences: false)
        guard !command.isEmpty, !command.utf8.contains(0), parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." })
        else { throw problem(command, "it is not a path inside the pack") }
        for count in 1...parts.count {
            let path = parts.prefix(count).joined(separator: "/")
            let descriptor = unsafe linux_open_beneath(root, path)
            guard descriptor >= 0 else {
                let isOutside = errno == EXDEV || errno == ELOOP
                throw problem(path, isOutside ? "it leads out of the pack" : reason())
            }
            defer { close(descriptor) }
            try judge(descriptor, path, isFolder: count < parts.count)
        }
        return folder + "/" + command
    }

    private static func judge(_ descriptor: Int32, _ path: String, isFolder: Bool) throws(ProgramProblem) {
        var facts = stat()
        guard unsafe fstat(descriptor, &facts) == 0 else { throw problem(path, reason()) }
        let kind = facts.st_mode & S_IFMT
        if isFolder, kind != S_IFDIR { throw problem(path, "it is no folder") }
        if !isFolder {
            guard kind == S_IFREG else { throw problem(path, "it is no regular file") }
            guard facts.st_mode & 0o111 != 0 else { throw problem(path, "it may not be executed (chmod +x)") }
            guard facts.st_mode & (S_ISUID | S_ISGID) == 0 else {
                throw problem(path, "it would run as somebody else (setuid)")
            }
        }
        guard facts.st_mode & 0o022 == 0 else {
            throw problem(path, "others may change it: take the right to write from group and others (chmod go-w)")
        }
        guard facts.st_uid == 0 || facts.st_uid == geteuid() else {
            throw problem(path, "it belongs neither to root nor to the server's user")
        }
    }

    private static func problem(_ path: String, _ reason: String) -> ProgramProblem {
        ProgramProblem(description: "\(path): \(reason)")
    }

    private static func reason() -> String { unsafe String(cString: strerror(errno)) }
}
