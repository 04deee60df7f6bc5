import Glibc

/// Functions of the GNU C library that its headers show only under `_GNU_SOURCE`, which Swift's module of it does not
/// define: found by name in the library that is loaded anyway. All are there since glibc 2.36 (Debian 12).
enum GNUFunctions {
    private typealias OpenProcess = @convention(c) (pid_t, UInt32) -> Int32
    private typealias SignalProcess = @convention(c) (Int32, Int32, UnsafeMutableRawPointer?, UInt32) -> Int32
    private typealias Affinity = @convention(c) (pid_t, Int, UnsafeMutableRawPointer) -> Int32
    private typealias CloseFrom = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32

    private static let openProcess = find("pidfd_open", as: OpenProcess.self)
    private static let signalProcess = unsafe find("pidfd_send_signal", as: SignalProcess.self)
    private static let getAffinity = unsafe find("sched_getaffinity", as: Affinity.self)
    private static let setAffinity = unsafe find("sched_setaffinity", as: Affinity.self)
    private static let closeFrom = unsafe find("posix_spawn_file_actions_addclosefrom_np", as: CloseFrom.self)

    /// `POSIX_SPAWN_SETSID` of <spawn.h>: the program gets a session of its own.
    static let spawnInNewSession: Int32 = 0x80

    /// pidfd_open(2): a descriptor of a process; negative where there is no such process.
    static func openProcess(_ identifier: pid_t) throws(HostRuntimeError) -> Int32 {
        guard let openProcess else { throw missing("pidfd_open") }
        return openProcess(identifier, 0)
    }

    /// pidfd_send_signal(2).
    static func signal(_ descriptor: Int32, _ number: Int32) {
        guard let signalProcess = unsafe signalProcess else { return }
        _ = signalProcess(descriptor, number, nil, 0)
    }

    /// The logical processors that the calling thread may run on (sched_getaffinity(2)), as a set of bits.
    static func affinity() throws(HostRuntimeError) -> [UInt8] {
        guard let getAffinity = unsafe getAffinity else { throw missing("sched_getaffinity") }
        var bits = [UInt8](repeating: 0, count: affinityBytes)
        let code = unsafe bits.withUnsafeMutableBytes { bytes in
            unsafe bytes.baseAddress.map { unsafe getAffinity(0, affinityBytes, $0) } ?? -1
        }
        // The C library's function gives 0, the system call the number of bytes.
        guard code >= 0 else { throw .system(doing: "cannot read", on: "affinity", reason: lastSystemError()) }
        return bits
    }

    /// Confines the calling thread (sched_setaffinity(2)).
    static func setAffinity(_ bits: [UInt8]) throws(HostRuntimeError) {
        guard let setAffinity = unsafe setAffinity else { throw missing("sched_setaffinity") }
        var bits = bits
        let code = unsafe bits.withUnsafeMutableBytes { bytes in
            unsafe bytes.baseAddress.map { unsafe setAffinity(0, bytes.count, $0) } ?? -1
        }
        guard code == 0 else { throw .system(doing: "cannot set", on: "affinity", reason: lastSystemError()) }
    }

    /// How many bytes a set of logical processors has: 1024 of them.
    static let affinityBytes = 128

    /// The program is to inherit no descriptor from `first` on.
    static func closeDescriptors(
        from first: Int32, in actions: inout posix_spawn_file_actions_t
    ) throws(HostRuntimeError) {
        guard let closeFrom = unsafe closeFrom else { throw missing("posix_spawn_file_actions_addclosefrom_np") }
        unsafe _ = closeFrom(&actions, first)
    }

    private static func find<Function>(_ name: String, as type: Function.Type) -> Function? {
        unsafe dlsym(nil, name).map { unsafe unsafeBitCast($0, to: type) }
    }

    private static func missing(_ name: String) -> HostRuntimeError {
        .system(doing: "cannot call", on: name, reason: "it needs glibc 2.36 or newer")
    }
}
