import CLinux
import Glibc

/// Starts programs that go on without us: a session of their own, the default signal handling, and no descriptor but
/// those that are given.
struct Spawn {
    /// The program, by absolute path, and its arguments; nothing of it ever meets a shell.
    var program: String
    var arguments: [String]
    /// Becomes standard output and error.
    var output: FileDescriptor
    /// Become descriptors 3, 4 and so on.
    var passed: [FileDescriptor] = []
    /// What its environment has besides ours.
    var environment: [String: String] = [:]
    /// Logical processors that it, and every thread it will have, may run on; `nil` for all that we may run on.
    var logicalProcessors: [Int]?

    /// Starts it and returns its number. Errors of exec itself are thrown here.
    func start() throws(HostRuntimeError) -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        // Moved out of the way first, so that no descriptor lands on another that is still to be moved.
        let sources = try ([output, output] + passed).map { descriptor throws(HostRuntimeError) in try copy(descriptor)
        }
        for (place, source) in sources.enumerated() {
            unsafe posix_spawn_file_actions_adddup2(&actions, source.number, Int32(place + 1))
        }
        unsafe linux_spawn_close_from(&actions, Int32(sources.count + 1))

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

        return try Affinity.during(logicalProcessors) { () throws(HostRuntimeError) in
            var identifier: pid_t = 0
            let words = unsafe ([program] + arguments).map { unsafe strdup($0) } + [nil]
            defer { for place in unsafe words.indices { unsafe free(words[place]) } }
            let added = unsafe environment.sorted { $0.key < $1.key }.map { unsafe strdup("\($0.key)=\($0.value)") }
            defer { for place in unsafe added.indices { unsafe free(added[place]) } }
            // Of two of one name the first counts (getenv(3)).
            let surrounding = unsafe added + (unsafe inherited()) + [nil]
            // Only the numbers of the descriptors go along: they must be open until then.
            let code = withExtendedLifetime((sources, passed, output)) {
                unsafe posix_spawn(&identifier, program, &actions, &attributes, words, surrounding)
            }
            guard code == 0 else {
                if code == ENOENT { throw .missingQEMU(path: program) }
                errno = code
                throw .system(doing: "cannot start", on: program, reason: lastSystemError())
            }
            return identifier
        }
    }

    /// Our own environment, up to the empty entry that ends it.
    private func inherited() -> [UnsafeMutablePointer<CChar>?] {
        var all: [UnsafeMutablePointer<CChar>?] = unsafe []
        while let entry = unsafe environ[all.count] { unsafe all.append(entry) }
        return unsafe all
    }

    /// A copy of the descriptor numbered high enough to be nobody's place.
    private func copy(_ descriptor: FileDescriptor) throws(HostRuntimeError) -> FileDescriptor {
        let number = fcntl(descriptor.number, F_DUPFD_CLOEXEC, 64)
        guard number >= 0 else { throw .system(doing: "cannot pass on", on: "a descriptor", reason: lastSystemError()) }
        return FileDescriptor(number)
    }
}
