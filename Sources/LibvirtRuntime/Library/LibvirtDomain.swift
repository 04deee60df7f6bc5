import CLibvirt
import FleetModel
import Glibc

/// A domain while its record is at hand; not to be kept.
@safe struct LibvirtDomain {
    let id: VirtualMachineID
    let name: String
    let pointer: OpaquePointer

    init(id: VirtualMachineID, name: String, pointer: OpaquePointer) {
        self.id = id
        self.name = name
        unsafe self.pointer = pointer
    }

    static func id(_ pointer: OpaquePointer) -> VirtualMachineID? {
        var text = [CChar](repeating: 0, count: 37)
        guard unsafe libvirt_domain_uuid(pointer, &text) >= 0 else { return nil }
        return VirtualMachineID(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    /// Its description as a document.
    func description() throws(LibvirtFailure) -> [UInt8] {
        guard let text = unsafe libvirt_domain_description(pointer, 0) else { throw .last() }
        return unsafe Self.taken(text)
    }

    /// Whether its memory is saved by the daemon; `nil` where that cannot be told.
    func isSaved() -> Bool? {
        let answer = unsafe libvirt_domain_is_saved(pointer)
        return answer < 0 ? nil : answer == 1
    }

    /// What is under way with it. To be asked only where it matters: libvirt waits for what else is done to the domain.
    func job() -> DomainState.Job {
        do {
            return try jobReading().job
        } catch {
            // "Migration statistics are available only on the source host": this one is the destination.
            let code = error.code
            return code == LibvirtFailure.unsupported || code == LibvirtFailure.invalid ? .receiving : .unknown
        }
    }

    /// What libvirt says of the job that is under way with it, or of the last one that has ended.
    func jobReading(hasEnded: Bool = false) throws(LibvirtFailure) -> JobReading {
        var type: Int32 = 0
        var count: Int32 = 0
        var values: UnsafeMutablePointer<libvirt_parameter>?
        guard unsafe libvirt_domain_job(pointer, &type, &values, &count, hasEnded ? 1 : 0) >= 0 else { throw .last() }
        defer { unsafe libvirt_free_parameters(values, count) }
        let parameters = unsafe UnsafeBufferPointer(start: values, count: Int(count))
        return JobReading(type: type, unsafe parameters.compactMap { unsafe Parameter($0) })
    }

    /// The descriptions of its snapshots, as documents.
    func snapshots() throws(LibvirtFailure) -> [[UInt8]] {
        var list: UnsafeMutablePointer<OpaquePointer?>?
        let count = unsafe libvirt_domain_snapshots(pointer, &list)
        guard count >= 0 else { throw .last() }
        defer { unsafe free(list) }
        var documents: [[UInt8]] = []
        for place in 0..<Int(count) {
            guard let snapshot = unsafe list?[place] else { continue }
            defer { _ = unsafe libvirt_snapshot_free(snapshot) }
            if let text = unsafe libvirt_snapshot_description(snapshot) { documents.append(unsafe Self.taken(text)) }
        }
        return documents
    }

    /// Copies and frees a text of libvirt's.
    static func taken(_ text: UnsafeMutablePointer<CChar>) -> [UInt8] {
        defer { unsafe free(text) }
        let length = unsafe strlen(text)
        return unsafe Array(UnsafeRawBufferPointer(start: text, count: length))
    }
}
