import FleetModel
import CLinux
import Glibc

/// A process, held by a pidfd: whatever happens, signals go to this process and never to another that was given its
/// number later. It need not be a child of ours, since VMs outlive the agent that started them.
final class ProcessHandle: Sendable {
    /// Its number.
    let identifier: pid_t
    private let descriptor: FileDescriptor
    private let endBell = Bell()
    private let exitStatus = Locked<String?>(nil)
    private let watch: Readiness

    /// Holds the process `identifier`; `nil` where there is none.
    init?(_ identifier: pid_t) throws(HostRuntimeError) {
        let number = linux_pidfd_open(identifier)
        guard number >= 0 else { return nil }
        self.identifier = identifier
        descriptor = FileDescriptor(number)
        // A pidfd becomes readable when its process ends.
        watch = Readiness(of: descriptor) { [endBell] watch in
            endBell.ring()
            watch.cancel()
        }
    }

    /// Whether it has not ended; a zombie has.
    var isAlive: Bool {
        var poll = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
        return unsafe Glibc.poll(&poll, 1, 0) == 0
    }

    /// Sends a signal; a process that has ended does not mind.
    func signal(_ number: Int32) { _ = linux_pidfd_send_signal(descriptor.number, number) }

    /// Waits for its end; false when it has not ended within `limit`.
    func ended(within limit: Duration) async -> Bool {
        let seen = endBell.rings
        if isAlive { await endBell.wait(after: seen, upTo: limit) }
        return !isAlive
    }

    /// How it ended, where that can be known: only its parent learns it. Call it after the end; a zombie goes away.
    func howItEnded() -> String {
        exitStatus.withLock { known in
            if let known { return known }
            var status: Int32 = 0
            let text =
                unsafe waitpid(identifier, &status, WNOHANG) == identifier
                ? ExitStatus.text(status) : "exit status unknown, as another process started it"
            known = text
            return text
        }
    }

    /// Its arguments as it was started with them; empty when it has ended.
    var arguments: [String] {
        let bytes = SmallFile.read("/proc/\(identifier)/cmdline") ?? []
        guard isAlive else { return [] }
        return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Memory that it holds; `nil` when it has ended or that cannot be read. Field 2 of /proc/PID/statm, in pages.
    var residentMemory: Bytes? {
        guard let bytes = SmallFile.read("/proc/\(identifier)/statm"), isAlive else { return nil }
        let fields = bytes.split(separator: 0x20)
        guard fields.count > 1, let pages = Int64(String(decoding: fields[1], as: UTF8.self)) else { return nil }
        return Bytes(pages * Int64(sysconf(Int32(_SC_PAGESIZE))))
    }
}

/// What a wait status says (wait(2)).
enum ExitStatus {
    static func text(_ status: Int32) -> String {
        let signal = status & 0x7f
        return signal == 0 ? "exit code \((status >> 8) & 0xff)" : "killed by signal \(signal)"
    }
}
