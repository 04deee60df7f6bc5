import CLinux
import Glibc

/// Stands between the server and a pack's program, as a process of its own: whatever comes of the program and loses its
/// parents becomes the guard's child (PR_SET_CHILD_SUBREAPER, prctl(2)), so that it is always found; and when the server
/// dies, however, the guard ends all of it.
///
/// ```
/// server --spawns--> guard --spawns--> the program --forks--> ...      0, 1, 2: the program's
///    |                 |                                                3: read end of the lifeline
///    '--- lifeline ----'   a pipe that nobody writes to: its end is the server's end
/// ```
/// The guard ends as the program did, once nothing of it lives.
public enum ProgramGuard {
    /// The command by which an executable becomes a guard: `COMMAND PROGRAM`.
    public static let command = "guard-plug-in"

    private static let lifeline: Int32 = 3

    /// Runs the program at `path` to its end, or to the server's; ends this process.
    public static func run(_ path: String) -> Never {
        for signal in [SIGTERM, SIGINT, SIGHUP, SIGPIPE] { _ = Glibc.signal(signal, SIG_IGN) }
        _ = linux_become_subreaper()
        _ = fcntl(lifeline, F_SETFD, FD_CLOEXEC)
        let head = start(path)
        // The pipes are the program's alone: their end is its end.
        leavePipes()
        var status: Int32?
        while status == nil, !isServerGone() { status = reap(head) }
        endAll(head, &status)
        exit(as: status)
    }

    private static func start(_ path: String) -> pid_t {
        var number: pid_t = 0
        let code = ProgramProcess.spawnPlainly(&number, path)
        if code == 0 { return number }
        let reason = unsafe String(cString: strerror(code))
        let text = "{\"result\": \"failed\", \"message\": \"it was not started: \(reason)\"}\n"
        var bytes = Array(text.utf8)
        _ = unsafe write(1, &bytes, bytes.count)
        Glibc.exit(127)
    }

    private static func leavePipes() {
        let nothing = unsafe open("/dev/null", O_RDWR | O_CLOEXEC)
        for descriptor: Int32 in 0...2 { _ = dup2(nothing, descriptor) }
    }

    /// Waits a moment for the server's end.
    private static func isServerGone() -> Bool {
        var polls = [pollfd(fd: lifeline, events: Int16(POLLIN), revents: 0)]
        return unsafe poll(&polls, 1, 10) > 0
    }

    /// Collects every child that has ended, adopted ones among them; the status of `head` where it is one of them.
    private static func reap(_ head: pid_t) -> Int32? {
        var found: Int32?
        while true {
            var code: Int32 = 0
            let child = unsafe waitpid(-1, &code, WNOHANG)
            if child <= 0 { return found }
            if child == head { found = code }
        }
    }

    /// Ends everything that came of the program; what forks faster than it is killed is halted first.
    private static func endAll(_ head: pid_t, _ status: inout Int32?) {
        var family = ProcessFamily(keeper: getpid())
        while true {
            let isClean = family.kill()
            if let code = reap(head) { status = status ?? code }
            if isClean { return }
        }
    }

    /// As the program ended: by its code, or by the signal that ended it.
    private static func exit(as status: Int32?) -> Never {
        guard let status else { Glibc.exit(137) }
        let signal = status & 0x7f
        if signal == 0 { Glibc.exit(status >> 8 & 0xff) }
        _ = Glibc.signal(signal, SIG_DFL)
        var all = sigset_t()
        unsafe sigfillset(&all)
        unsafe pthread_sigmask(SIG_UNBLOCK, &all, nil)
        var limit = rlimit(rlim_cur: 0, rlim_max: 0)
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
        raise(signal)
        Glibc.exit(128 + signal)
    }
}
