import FleetModel
import Glibc

/// What best practice says against a VM that can be run all the same, after the deck on Windows Server 2008's Hyper-V
/// that Evenkeel began with: 1 GB for the root partition and some 21 MB a VM besides its memory; disks of fixed size in
/// production; paravirtual devices; networks of their own for management, storage, migration and VMs.
enum BestPractice {
    /// Memory that the host itself is to have.
    static let rootMemory = Bytes.gibibytes(1)

    /// What is known of the host that the VM is to run on.
    struct Host: Sendable {
        /// Memory of the host; `nil` where it is not known.
        var memory: Bytes?
        /// What its other VMs that run were given, and what they take besides.
        var given = Bytes.zero
        /// What its networks are for.
        var networks: HostNetworks
    }

    /// Each advice names the field that it is about. `isGrowing` says of each disk whether its image takes less than it
    /// promises; `nil` where that is not known.
    static func advice(
        on definition: VirtualMachineDefinition, _ host: Host, isGrowing: [Bool?]
    ) -> [String] {
        memory(definition, host) + disks(definition.disks, isGrowing)
            + networks(definition.networkInterfaces, host.networks)
    }

    private static func memory(_ definition: VirtualMachineDefinition, _ host: Host) -> [String] {
        guard let memory = host.memory else { return [] }
        let needed = host.given + definition.memory + MemoryBook.overhead + rootMemory
        guard needed > memory else { return [] }
        return [
            "memory: with \(mebibytes(definition.memory)) for its guest, \(mebibytes(MemoryBook.overhead)) beside them and "
                + "\(mebibytes(host.given)) for the other VMs, less than \(mebibytes(rootMemory)) of this host's "
                + "\(mebibytes(memory)) are left for the host itself"
        ]
    }

    private static func disks(_ disks: [VirtualMachineDefinition.Disk], _ isGrowing: [Bool?]) -> [String] {
        disks.enumerated().flatMap { place, disk -> [String] in
            var advice: [String] = []
            if disk.bus == .ide {
                advice.append("disks[\(place)].bus: ide is emulated and slow: use virtio or scsi")
            }
            if !disk.isLocal, !disk.isReadOnly, disk.cache != .none {
                advice.append(
                    "disks[\(place)].cache: \(disk.cache.rawValue) keeps writes in this host's memory, or waits for each of "
                        + "them; on storage that other hosts see use none")
            }
            if !disk.isReadOnly, isGrowing.indices.contains(place), isGrowing[place] == true {
                advice.append(
                    "disks[\(place)].path: \(disk.path) grows as its guest writes, which is slower and can fill the "
                        + "storage: in production use an image that has all of its size from the beginning")
            }
            return advice
        }
    }

    private static func networks(
        _ interfaces: [VirtualMachineDefinition.NetworkInterface], _ networks: HostNetworks
    ) -> [String] {
        interfaces.enumerated().flatMap { place, interface -> [String] in
            var advice: [String] = []
            if interface.model != .virtio {
                advice.append(
                    "networkInterfaces[\(place)].model: \(interface.model.rawValue) is emulated and slow: use virtio")
            }
            if case .bridge(let bridge) = interface.connection {
                let uses = networks.uses(of: bridge).map(\.rawValue)
                if !uses.isEmpty {
                    advice.append(
                        "networkInterfaces[\(place)].bridge: \(bridge) also carries the host's "
                            + "\(uses.joined(separator: " and ")): give VMs a network of their own")
                }
            }
            return advice
        }
    }

    private static func mebibytes(_ size: Bytes) -> String { MemoryBook.mebibytes(size) }
}

/// Whether an image takes less of its storage than it promises its guest.
enum ImageGrowth {
    /// `nil` where the file cannot be read or is no file: a device is all there.
    static func isGrowing(_ disk: VirtualMachineDefinition.Disk) -> Bool? {
        var status = stat()
        guard unsafe stat(disk.path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        let promised: Int64?
        switch disk.format {
        case .raw: promised = Int64(status.st_size)
        // Bytes 24 to 31 of the head (QEMU, docs/interop/qcow2.txt).
        case .qcow2:
            let head = ImageHead.qcow2(disk.path)
            promised = head.map { $0[24..<32].reduce(0) { $0 << 8 | Int64($1) } }
        }
        return promised.map { Int64(status.st_blocks) * 512 < $0 }
    }
}
