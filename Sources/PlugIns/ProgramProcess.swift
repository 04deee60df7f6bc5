import CLinux
import Glibc

/// A program that was started, and our ends of its pipes.
struct ProgramProcess: ~Copyable {
    let identifier: pid_t
    /// Ours to write its standard input to, and to read its standard output and error from; none of them blocks.
    let input: Int32
    let output: Int32
    let errors: Int32
    /// Whether it is a guard, which runs the program and keeps what comes of it.
    let isGuarded: Bool
    /// Our end of the guard's lifeline; -1 without a guard.
    private let lifeline: Int32

    /// Starts the program at `path`, by the executable `guardian` where there is one.
    init(path: String, folder: String, token: String, guardian: String?) throws(ProgramProblem) {
        var pipes: [[Int32]] = []
        for _ in 0..<(guardian == nil ? 3 : 4) {
            var ends: [Int32] = [-1, -1]
            guard unsafe linux_pipe(&ends) == 0 else {
                for pipe in pipes { for end in pipe { close(end) } }
                throw ProgramProblem(description: "no pipe is to be had: \(Self.reason(errno))")
            }
            pipes.append(ends)
        }
        let theirs = [pipes[0][0], pipes[1][1], pipes[2][1]] + pipes.dropFirst(3).map { $0[0] }
        let ours = [pipes[0][1], pipes[1][0], pipes[2][0]] + pipes.dropFirst(3).map { $0[1] }
        var number: pid_t = 0
        let words = guardian.map { [$0, ProgramGuard.command, path] } ?? [path]
        let code = Self.spawn(&number, words: words, folder: folder, token: token, descriptors: theirs)
        for end in theirs { close(end) }
        guard code == 0 else {
            for end in ours { close(end) }
            throw ProgramProblem(description: "\(path): \(Self.reason(code))")
        }
        for end in ours { _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK) }
        identifier = number
        (input, output, errors) = (ours[0], ours[1], ours[2])
        isGuarded = guardian != nil
        lifeline = ours.count > 3 ? ours[3] : -1
    }

    deinit {
        for end in [output, errors] { close(end) }
        if lifeline >= 0 { close(lifeline) }
    }

    /// Starts the program at `path` in a session of its own, with this process's environment and standard descriptors.
    static func spawnPlainly(_ number: inout pid_t, _ path: String) -> Int32 {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe linux_spawn_close_from(&actions, 3)
        var attributes = attributes()
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        let words = unsafe [unsafe strdup(path), nil]
        defer { unsafe free(words[0]) }
        return unsafe posix_spawn(&number, path, &actions, &attributes, words, environ)
    }

    /// A session of its own, and signals as a new process has them.
    private static func attributes() -> posix_spawnattr_t {
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        var none = sigset_t()
        var all = sigset_t()
        unsafe sigemptyset(&none)
        unsafe sigfillset(&all)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setsigdefault(&attributes, &all)
        let flags = Int32(linux_spawn_new_session()) | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
        return attributes
    }

    private static func reason(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }

    private static func spawn(
        _ number: inout pid_t, words texts: [String], folder: String, token: String, descriptors: [Int32]
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
        unsafe linux_spawn_close_from(&actions, Int32(descriptors.count))
        unsafe linux_spawn_change_folder(&actions, folder)
        var attributes = attributes()
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        let environment = [
            "PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "HOME=\(folder)", "\(ProcessFamily.mark)=\(token)",
        ]
        let words = unsafe texts.map { unsafe strdup($0) } + [nil]
        let surrounding = unsafe environment.map { unsafe strdup($0) } + [nil]
        defer {
            for place in unsafe words.indices { unsafe free(words[place]) }
            for place in unsafe surrounding.indices { unsafe free(surrounding[place]) }
        }
        return unsafe posix_spawn(&number, texts[0], &actions, &attributes, words, surrounding)
    }
}
