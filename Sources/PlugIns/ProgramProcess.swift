import CLinux
import Glibc

/// A program that was started, and our ends of its pipes.
struct ProgramProcess: ~Copyable {
    let identifier: pid_t
    /// Ours to write its standard input to, and to read its standard output and error from; none of them blocks.
    let input: Int32
    let output: Int32
    let errors: Int32

    init(path: String, folder: String, token: String) throws(ProgramProblem) {
        var pipes: [[Int32]] = []
        for _ in 0..<3 {
            var ends: [Int32] = [-1, -1]
            guard unsafe linux_pipe(&ends) == 0 else {
                for pipe in pipes { for end in pipe { close(end) } }
                throw ProgramProblem(description: "no pipe is to be had: \(Self.reason(errno))")
            }
            pipes.append(ends)
        }
        let theirs = [pipes[0][0], pipes[1][1], pipes[2][1]]
        let ours = [pipes[0][1], pipes[1][0], pipes[2][0]]
        var number: pid_t = 0
        let code = Self.spawn(&number, path: path, folder: folder, token: token, descriptors: theirs)
        for end in theirs { close(end) }
        guard code == 0 else {
            for end in ours { close(end) }
            throw ProgramProblem(description: "\(path): \(Self.reason(code))")
        }
        for end in ours { _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK) }
        identifier = number
        (input, output, errors) = (ours[0], ours[1], ours[2])
    }

    deinit { for end in [output, errors] { close(end) } }

    private static func reason(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }

    private static func spawn(
        _ number: inout pid_t, path: String, folder: String, token: String, descriptors: [Int32]
    ) -> Int32 {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        // Copied out of the way first, so that none lands on another that is still to be moved.
        let high = descriptors.map { fcntl($0, F_DUPFD_CLOEXEC, 64) }
        defer { for descriptor in high { close(descriptor) } }
        for (place, descriptor) in high.enumerated() {
            unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(place))
        }
        unsafe linux_spawn_close_from(&actions, 3)
        unsafe linux_spawn_change_folder(&actions, folder)

        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        unsafe sigemptyset(&none)
        unsafe sigfillset(&all)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setsigdefault(&attributes, &all)
        let flags = Int32(linux_spawn_new_session()) | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))

        let environment = [
            "PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "HOME=\(folder)", "\(ProcessFamily.mark)=\(token)",
        ]
        let words = unsafe [unsafe strdup(path), nil]
        let surrounding = unsafe environment.map { unsafe strdup($0) } + [nil]
        defer {
            for place in unsafe words.indices { unsafe free(words[place]) }
            for place in unsafe surrounding.indices { unsafe free(surrounding[place]) }
        }
        return unsafe posix_spawn(&number, path, &actions, &attributes, words, surrounding)
    }
}
