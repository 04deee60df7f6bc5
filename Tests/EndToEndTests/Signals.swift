import Glibc

/// Signals to processes that a test started.
enum Signals {
    static func kill(_ process: Int32) { _ = Glibc.kill(process, SIGKILL) }
}
