import FleetModel

/// What the VMs of a host have of its memory, so that none is started that it has no room for.
final class MemoryBook: Sendable {
    /// What a VM takes of the host besides its guest's memory: tables, devices and QEMU itself. Windows Server 2008's
    /// deck reckons with about 21 MB a VM.
    static let overhead = Bytes.mebibytes(21)

    private let given = Locked<[VirtualMachineID: Bytes]>([:])
    private let share: Bytes?
    private let surroundings: HostSurroundings

    /// A book for a host whose VMs may have `share`, or all there is.
    init(share: Bytes?, _ surroundings: HostSurroundings) {
        self.share = share
        self.surroundings = surroundings
    }

    /// Takes note that a process runs for the VM, which may take as much as it was given.
    func note(_ id: VirtualMachineID, _ memory: Bytes) { given.withLock { $0[id] = memory + Self.overhead } }

    /// Takes note that no process runs for it.
    func forget(_ id: VirtualMachineID) { given.withLock { $0[id] = nil } }

    /// Why `more` memory cannot be given to `id`; `nil` where it can, also where nobody knows how much there is.
    func objection(to more: Bytes, for id: VirtualMachineID) -> String? {
        let others = given.withLock { given in
            given.reduce(Bytes.zero) { $1.key == id ? $0 : $0 + $1.value }
        }
        let own = given.withLock { $0[id] } ?? Self.overhead
        let needed = "\(Self.mebibytes(more)) and \(Self.mebibytes(Self.overhead)) beside them are needed"
        if let share, others + own + more > share {
            return
                "\(needed), and of this host's \(Self.mebibytes(share)) for VMs, others have \(Self.mebibytes(others))"
        }
        if let available = available(), more + Self.overhead > available {
            return "\(needed), and this host has \(Self.mebibytes(available)) available"
        }
        return nil
    }

    /// `MemAvailable` of /proc/meminfo (proc(5)).
    func available() -> Bytes? { figure("MemAvailable:") }

    /// `MemTotal` of /proc/meminfo, or the host's share of it.
    func total() -> Bytes? { share ?? figure("MemTotal:") }

    /// What was given to VMs other than `id`.
    func given(besides id: VirtualMachineID) -> Bytes {
        given.withLock { $0.reduce(Bytes.zero) { $1.key == id ? $0 : $0 + $1.value } }
    }

    private func figure(_ name: String) -> Bytes? {
        let text = String(decoding: SmallFile.read(surroundings.memory) ?? [], as: UTF8.self)
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) }) else { return nil }
        let words = line.split(whereSeparator: \.isWhitespace)
        guard words.count > 1, let kibibytes = Int64(words[1]), (0..<1 << 44).contains(kibibytes) else { return nil }
        return Bytes(kibibytes << 10)
    }

    static func mebibytes(_ size: Bytes) -> String { "\(size.count >> 20) MiB" }
}
