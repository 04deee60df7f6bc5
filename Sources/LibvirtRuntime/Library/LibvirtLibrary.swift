import CLibvirt
import Dispatch
import FleetModel
import Glibc

/// libvirt's library, loaded into this process when it is first asked for, with its event loop on a thread of its own.
enum LibvirtLibrary {
    /// What Debian's package libvirt0 installs.
    static let name = "libvirt.so.0"

    private static let isReady = Locked(false)

    /// Makes the library ready, once for the process.
    static func load(_ name: String = name) throws(LibvirtError) {
        try isReady.withLock { isReady throws(LibvirtError) in
            if isReady, name == Self.name { return }
            if let problem = unsafe libvirt_load(name) {
                throw .missingLibrary(name: name, reason: unsafe String(cString: problem))
            }
            guard libvirt_prepare() >= 0 else {
                throw .unusableLibrary(name: name, reason: LibvirtFailure.last().reason)
            }
            isReady = true
            serveEvents()
        }
    }

    /// Runs the event loop as long as the process lives: libvirt's connections rest on it.
    private static func serveEvents() {
        DispatchQueue(label: "evenkeel.libvirt.events").async {
            while true {
                // Nobody knows why it should fail; if it does, again and again, that must not take a processor.
                if libvirt_event_run() < 0 { usleep(100_000) }
            }
        }
    }
}

/// Why libvirt's last call on this thread failed.
struct LibvirtFailure: Error, Hashable {
    /// virErrorNumber.
    var code: Int32
    /// libvirt's words.
    var reason: String

    /// To be asked right after the call, on its thread.
    static func last() -> LibvirtFailure {
        var domain: Int32 = 0
        var message: UnsafePointer<CChar>?
        let code = unsafe libvirt_last_error(&domain, &message)
        let reason = unsafe message.map { unsafe String(cString: $0) } ?? "no reason given"
        return LibvirtFailure(code: code, reason: line(reason))
    }

    /// libvirt's words on one line: it quotes QEMU's, line ends and all.
    static func line(_ words: String) -> String {
        let parts = words.split { $0.isNewline || $0 == "\0" }.map { $0.drop(while: \.isWhitespace) }
        return DomainText.plain(parts.filter { !$0.isEmpty }.joined(separator: "; ")) ?? ""
    }

    /// The domain is gone (VIR_ERR_NO_DOMAIN): no failure of ours.
    static let noDomain: Int32 = 42
    /// VIR_ERR_INVALID_ARG: also flags that the daemon does not know.
    static let argument: Int32 = 8
    /// VIR_ERR_OPERATION_INVALID.
    static let invalid: Int32 = 55
    /// VIR_ERR_OPERATION_UNSUPPORTED.
    static let unsupported: Int32 = 84
}
