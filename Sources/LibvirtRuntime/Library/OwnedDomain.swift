import CLibvirt
import FleetModel
import Glibc

/// A domain that was looked up, with what can be done to it. Every call blocks until the daemon answers; it is for the
/// thread that looked it up.
@safe final class OwnedDomain {
    /// The connection lives as long as its domains.
    private let connection: LibvirtConnection
    private let domain: LibvirtDomain
    private let pointer: OpaquePointer

    /// Takes the handle over.
    init(_ connection: LibvirtConnection, id: VirtualMachineID, pointer: OpaquePointer) {
        self.connection = connection
        unsafe self.pointer = pointer
        let name = unsafe libvirt_domain_name(pointer).map { unsafe String(cString: $0) } ?? id.text
        domain = unsafe LibvirtDomain(id: id, name: name, pointer: pointer)
    }

    deinit { _ = unsafe libvirt_domain_free(pointer) }

    /// virDomainModificationImpact: what runs, and what is kept for the next start.
    struct Impact: OptionSet {
        let rawValue: UInt32
        static let live = Impact(rawValue: 1 << 0)
        static let configuration = Impact(rawValue: 1 << 1)
        /// VIR_DOMAIN_VCPU_MAXIMUM, VIR_DOMAIN_MEM_MAXIMUM.
        static let maximum = Impact(rawValue: 1 << 2)
    }

    var name: String { domain.name }

    /// Where it is in its life, by libvirt's own words of this moment.
    func sight() throws(LibvirtError) -> DomainSight {
        var (state, reason): (Int32, Int32) = (0, 0)
        try check(unsafe libvirt_domain_state(pointer, &state, &reason), "look at")
        let found = DomainState(state: Int64(state), reason: Int64(reason))
        // A domain that starts answers only when it has started.
        let job = found.hasProcess && !found.isStarting ? domain.job() : .none
        let isSaved = found.hasProcess ? false : domain.isSaved() ?? false
        return DomainSight(
            state: found, job: job, isSaved: isSaved, isPersistent: unsafe libvirt_domain_is_persistent(pointer) == 1)
    }

    func description() throws(LibvirtError) -> DomainDescription {
        do {
            return try DomainDescription(parsing: domain.description())
        } catch let failure as LibvirtFailure {
            throw self.failure("describe", failure)
        } catch {
            throw .description(domain: name, problem: "\(error)")
        }
    }

    func jobReading(hasEnded: Bool = false) throws(LibvirtError) -> JobReading {
        do throws(LibvirtFailure) {
            return try domain.jobReading(hasEnded: hasEnded)
        } catch {
            throw failure("say what is under way with", error)
        }
    }

    func create() throws(LibvirtError) { try check(unsafe libvirt_domain_create(pointer), "start") }
    func shutDown() throws(LibvirtError) { try check(unsafe libvirt_domain_shutdown(pointer), "shut down") }
    func destroy() throws(LibvirtError) { try check(unsafe libvirt_domain_destroy(pointer), "end") }
    func suspend() throws(LibvirtError) { try check(unsafe libvirt_domain_suspend(pointer), "pause") }
    func resume() throws(LibvirtError) { try check(unsafe libvirt_domain_resume(pointer), "resume") }
    func save() throws(LibvirtError) { try check(unsafe libvirt_domain_save(pointer), "save") }
    func freeze() throws(LibvirtError) {
        try check(unsafe libvirt_domain_freeze(pointer), "bring to rest the disks of")
    }
    func thaw() throws(LibvirtError) { try check(unsafe libvirt_domain_thaw(pointer), "let write again") }
    func abortJob() throws(LibvirtError) { try check(unsafe libvirt_domain_abort_job(pointer), "stop what is done to") }
    /// Declares the stream broken that its memory follows on after its guest.
    func cutOff() throws(LibvirtError) { try check(unsafe libvirt_domain_cut_off(pointer), "cut off the stream of") }

    /// Forgets it, with its saved memory, its firmware's variables and what is known of its snapshots and checkpoints;
    /// images stay.
    func undefine() throws(LibvirtError) {
        // MANAGED_SAVE, SNAPSHOTS_METADATA, NVRAM, CHECKPOINTS_METADATA, TPM; older daemons know the first ones.
        for flags: UInt32 in [0b110111, 0b10111, 0b111, 0b11] {
            if unsafe libvirt_domain_undefine(pointer, flags) >= 0 { return }
            let failure = LibvirtFailure.last()
            if failure.code != LibvirtFailure.argument || flags == 0b11 { throw self.failure("forget", failure) }
        }
    }

    func setProcessors(_ count: Int, _ impact: Impact) throws(LibvirtError) {
        let number = UInt32(clamping: count)
        try check(unsafe libvirt_domain_set_processors(pointer, number, impact.rawValue), "set the processors of")
    }

    func setMemory(_ memory: Bytes, _ impact: Impact) throws(LibvirtError) {
        let kibibytes = UInt(clamping: memory.count / 1024)
        try check(unsafe libvirt_domain_set_memory(pointer, kibibytes, impact.rawValue), "set the memory of")
    }

    func beginBackup(_ document: String) throws(LibvirtError) {
        try check(unsafe libvirt_domain_begin_backup(pointer, document), "copy the disks of")
    }

    /// Sends it to another host; blocks until that has ended.
    func migrate(_ order: MigrationOrder) throws(LibvirtError) {
        let disks = unsafe order.disks.map { unsafe UnsafePointer(strdup($0)) }
        defer {
            for place in order.disks.indices { unsafe free(UnsafeMutablePointer(mutating: disks[place])) }
        }
        let result = unsafe libvirt_domain_migrate(
            pointer, order.address, order.flags.rawValue, order.bandwidth, Int32(clamping: order.streams),
            order.compression, disks, disks.count)
        try check(result, "migrate")
    }

    func startPostCopy() throws(LibvirtError) {
        try check(unsafe libvirt_domain_start_post_copy(pointer), "let go on at the destination")
    }

    func setDowntime(milliseconds: Int) throws(LibvirtError) {
        try check(unsafe libvirt_domain_set_downtime(pointer, UInt64(clamping: milliseconds)), "limit the downtime of")
    }

    private func check(_ result: Int32, _ doing: String) throws(LibvirtError) {
        if result < 0 { throw failure(doing, .last()) }
    }

    private func failure(_ doing: String, _ failure: LibvirtFailure) -> LibvirtError {
        .call(doing: "\(doing) \(name)", uri: connection.uri, reason: failure.reason, code: failure.code)
    }
}

/// Where a domain is in its life, by libvirt's words of one moment.
struct DomainSight: Hashable, Sendable {
    var state: DomainState
    var job: DomainState.Job
    /// Whether its memory is saved by the daemon.
    var isSaved: Bool
    /// Whether it stays known when it has ended.
    var isPersistent: Bool

    /// Where the VM is, for this host.
    var place: VirtualMachineState { state.place(job: job, isSaved: isSaved).state }
}

extension LibvirtConnection {
    /// The domain of a VM; `nil` where the daemon knows none.
    func domain(_ id: VirtualMachineID) throws(LibvirtError) -> OwnedDomain? {
        guard let found = unsafe libvirt_domain_find(pointer, id.text) else {
            let failure = LibvirtFailure.last()
            if failure.code == LibvirtFailure.noDomain { return nil }
            throw .call(doing: "look for \(id)", uri: uri, reason: failure.reason, code: failure.code)
        }
        return unsafe OwnedDomain(self, id: id, pointer: found)
    }

    /// Keeps a description, in place of an earlier one of the same VM.
    func define(_ document: String, id: VirtualMachineID) throws(LibvirtError) -> OwnedDomain {
        guard let made = unsafe libvirt_domain_define(pointer, document, 0) else { throw failure("define \(id)") }
        return unsafe OwnedDomain(self, id: id, pointer: made)
    }

    /// The version of the daemon, written as the hypervisor's number is: 9.1.0 is 9,001,000; 0 where it does not say.
    var clientVersion: Int {
        var number: UInt = 0
        return unsafe libvirt_get_library_version(pointer, &number) >= 0 ? Int(clamping: number) : 0
    }

    /// What the host can run (https://libvirt.org/formatcaps.html).
    func capabilities() throws(LibvirtError) -> [UInt8] {
        guard let text = unsafe libvirt_get_capabilities(pointer) else { throw failure("say what it can run") }
        return unsafe LibvirtDomain.taken(text)
    }

    /// What domains of a type can be made of (https://libvirt.org/formatdomaincaps.html).
    func domainCapabilities(type: String, machine: String?) throws(LibvirtError) -> [UInt8] {
        guard let text = unsafe libvirt_get_domain_capabilities(pointer, nil, nil, machine, type) else {
            throw failure("say what domains of the type \(type) can be made of")
        }
        return unsafe LibvirtDomain.taken(text)
    }
}
