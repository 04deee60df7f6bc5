import CLibvirt
import FleetModel
import Glibc

/// One connection to a libvirt daemon. Every call blocks until the daemon answers, or until
/// keep-alive finds that it does not and ends the connection.
@safe final class LibvirtConnection {
    /// What a connection is for.
    enum Access: Hashable, Sendable {
        /// The daemon refuses every change.
        case look
        case control
    }

    let uri: String
    let pointer: OpaquePointer
    private let listener: UInt64?
    private var subscriptions = [Int32](repeating: -1, count: Int(LIBVIRT_EVENTS))

    /// Seconds between two signs of life, and how many may stay out.
    private static let keepAlive: (interval: Int32, count: UInt32) = (5, 3)

    /// Connects, and has `listener` called for what happens from then on.
    init(uri: String, access: Access = .look, listener: LibvirtListeners.Listener?) throws(LibvirtError) {
        guard let pointer = unsafe access == .look ? libvirt_open_read_only(uri) : libvirt_open(uri) else {
            throw .unreachable(uri: uri, reason: LibvirtFailure.last().reason)
        }
        unsafe self.pointer = pointer
        self.uri = uri
        self.listener = listener.map(LibvirtListeners.add)
        // Drivers within the library (test:///default) have nobody to keep alive.
        _ = unsafe libvirt_set_keep_alive(pointer, Self.keepAlive.interval, Self.keepAlive.count)
        guard let number = self.listener else { return }
        let heard = unsafe subscriptions.withUnsafeMutableBufferPointer {
            unsafe libvirt_listen(pointer, number, LibvirtListeners.callback, $0.baseAddress)
        }
        guard heard >= 0 else { throw failure("listen to what happens") }
    }

    deinit {
        if let listener {
            LibvirtListeners.remove(listener)
            unsafe subscriptions.withUnsafeBufferPointer { unsafe libvirt_unlisten(pointer, $0.baseAddress) }
        }
        _ = unsafe libvirt_close(pointer)
    }

    /// Whether the daemon was still there when it was last heard of; no call to it.
    var isAlive: Bool { unsafe libvirt_is_alive(pointer) == 1 }

    /// The version of the hypervisor that this host has now, such as `7.2.22`; `nil` where libvirt does not say.
    var hypervisorVersion: String? {
        var number: UInt = 0
        guard unsafe libvirt_get_version(pointer, &number) >= 0, number > 0 else { return nil }
        return "\(number / 1_000_000).\(number / 1000 % 1000).\(number % 1000)"
    }

    /// Groups of virDomainStatsTypes.
    struct Groups: OptionSet {
        let rawValue: UInt32
        static let state = Groups(rawValue: 1 << 0)
        static let processors = Groups(rawValue: 1 << 1)
        static let balloon = Groups(rawValue: 1 << 2)
        static let virtualProcessors = Groups(rawValue: 1 << 3)
        static let interfaces = Groups(rawValue: 1 << 4)
        static let blocks = Groups(rawValue: 1 << 5)
        static let virtualMachine = Groups(rawValue: 1 << 10)
    }

    /// Calls `body` with every domain and the values of it that `groups` name, in one call to the daemon that waits for
    /// no domain that hangs: of such a one there are fewer values. Groups that the daemon does not know are left out.
    func eachDomain(
        _ groups: Groups, onlyActive: Bool, doing: String,
        _ body: (LibvirtDomain, [Parameter]) throws(LibvirtError) -> Void
    ) throws(LibvirtError) {
        let (noWait, active): (UInt32, UInt32) = (1 << 29, onlyActive ? 1 << 0 : 0)
        var records: UnsafeMutablePointer<UnsafeMutablePointer<libvirt_record>?>?
        let count = unsafe libvirt_all_statistics(pointer, groups.rawValue, &records, noWait | active)
        guard count >= 0, let records = unsafe records else { throw failure(doing) }
        defer { unsafe libvirt_free_records(records) }
        for place in 0..<Int(count) {
            guard let record = unsafe records[place]?.pointee, let domain = unsafe record.domain,
                let id = unsafe LibvirtDomain.id(domain)
            else { continue }
            let name = unsafe libvirt_domain_name(domain).map { unsafe String(cString: $0) } ?? id.text
            let values = unsafe UnsafeBufferPointer(start: record.parameters, count: Int(record.count))
            let handle = unsafe LibvirtDomain(id: id, name: name, pointer: domain)
            try body(handle, unsafe values.compactMap(Parameter.init))
        }
    }

    /// Why the last call failed.
    func failure(_ doing: String) -> LibvirtError {
        let last = LibvirtFailure.last()
        return .call(doing: doing, uri: uri, reason: last.reason, code: last.code)
    }
}

extension Parameter {
    /// Copies a value out of libvirt's memory; `nil` for one of a type that there is not.
    init?(_ parameter: libvirt_parameter) {
        let name = unsafe withUnsafeBytes(of: parameter.field) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        switch unsafe parameter.type {
        case 1: self.init(name, .signed(Int64(unsafe parameter.value.i)))
        case 2: self.init(name, .unsigned(UInt64(unsafe parameter.value.ui)))
        case 3: self.init(name, .signed(unsafe parameter.value.l))
        case 4: self.init(name, .unsigned(unsafe parameter.value.ul))
        case 5: self.init(name, .fraction(unsafe parameter.value.d))
        case 6: self.init(name, .truth(unsafe parameter.value.b != 0))
        case 7:
            guard let text = unsafe parameter.value.s else { return nil }
            self.init(name, .text(unsafe String(cString: text)))
        default: return nil
        }
    }
}
