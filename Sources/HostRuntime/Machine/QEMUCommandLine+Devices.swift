import FleetModel
import Glibc

/// The devices of a VM. They have no addresses of their own: QEMU numbers them in the order in which they come here, so
/// what is new in a later version comes at the end, and a VM that an earlier version has started finds each in its place.
extension QEMUCommandLine {
    static func devices(
        of definition: VirtualMachineDefinition, _ places: LaunchPlaces
    ) -> [String] {
        var arguments: [String] = []
        if definition.disks.contains(where: { $0.bus == .scsi }) {
            arguments += ["-device", "virtio-scsi-pci,id=scsi\(queues("num_queues", definition))"]
        }
        for (place, disk) in definition.disks.enumerated() {
            arguments += ["-blockdev", blockDevice(disk, name: diskName(place))]
            let queues = disk.bus == .virtio ? queues("num-queues", definition) : ""
            arguments += ["-device", "\(driver(disk.bus)),drive=\(diskName(place))\(writeCache(disk.cache))\(queues)"]
        }
        if definition.balloon { arguments += ["-device", "virtio-balloon-pci,id=balloon"] }
        for (place, interface) in definition.networkInterfaces.enumerated() {
            arguments += network(
                interface, at: place, places.interfaces.indices.contains(place) ? places.interfaces[place] : nil)
        }
        if let agent = places.agent {
            arguments += [
                "-chardev", "socket,id=agent,fd=\(agent),server=on,wait=off", "-device", "virtio-serial-pci,id=serial",
                "-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0",
            ]
        }
        // Memory takes no place on a bus, and is what it is by its own names.
        for (place, size) in definition.memoryModules.enumerated() {
            arguments += [
                "-object", "memory-backend-ram,id=\(memoryName(place)),size=\(size.count >> 20)M",
                "-device", "pc-dimm,id=\(moduleName(place)),memdev=\(memoryName(place))",
            ]
        }
        return arguments
    }

    /// What QEMU calls the disk that is at this place of a definition.
    static func diskName(_ place: Int) -> String { "disk\(place)" }

    /// What QEMU calls the network interface that is at this place of a definition.
    static func interfaceName(_ place: Int) -> String { "nic\(place)" }

    /// What QEMU calls the memory of the module that is at this place of a definition.
    static func memoryName(_ place: Int) -> String { "memory\(place)" }

    /// What QEMU calls the module that is at this place of a definition.
    static func moduleName(_ place: Int) -> String { "module\(place)" }

    private static func network(
        _ interface: VirtualMachineDefinition.NetworkInterface, at place: Int, _ passed: LaunchPlaces.Interface?
    ) -> [String] {
        var host = "user,id=net\(place)"
        if let passed {
            host = "tap,id=net\(place),fd=\(passed.tap)"
            if let vhost = passed.vhost { host += ",vhost=on,vhostfd=\(vhost)" }
        }
        let device =
            switch interface.model {
            case .virtio: "virtio-net-pci"
            case .e1000: "e1000"
            case .rtl8139: "rtl8139"
            }
        return [
            "-netdev", host,
            "-device", "\(device),netdev=net\(place),id=\(interfaceName(place)),mac=\(interface.hardwareAddress)",
        ]
    }

    /// QEMU gives a controller a queue for each processor that there is when it starts. With processors that come and go
    /// that would be another number at the destination of a migration, so those that may come count from the beginning.
    private static func queues(_ name: String, _ definition: VirtualMachineDefinition) -> String {
        definition.maximumProcessors.map { ",\(name)=\(min($0, mostQueues))" } ?? ""
    }

    /// More than this is of no use to one disk.
    private static let mostQueues = 64

    private static func driver(_ bus: VirtualMachineDefinition.Disk.Bus) -> String {
        switch bus {
        case .virtio: "virtio-blk-pci"
        case .ide: "ide-hd"
        case .scsi: "scsi-hd"
        }
    }

    /// What the guest is told of the disk's own cache, where that is not as usual (qemu-system-x86_64(1), `cache=`).
    private static func writeCache(_ cache: VirtualMachineDefinition.Disk.Cache) -> String {
        switch cache {
        case .none, .writeback, .unsafe: ""
        case .writethrough, .directsync: ",write-cache=off"
        }
    }

    private static func isBlockDevice(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFBLK
    }

    /// As JSON, in which a path may hold commas and whatever else; with image locking, so that two processes cannot
    /// have one disk.
    private static func blockDevice(
        _ disk: VirtualMachineDefinition.Disk, name: String
    ) -> String {
        // QEMU's driver for files refuses devices, and the one for devices refuses files.
        let driver = isBlockDevice(disk.path) ? "host_device" : "file"
        var file: [String: JSONValue] = [
            "driver": .string(driver), "filename": .string(disk.path), "locking": "on",
        ]
        var device: [String: JSONValue] = ["driver": .string(disk.format.rawValue), "node-name": .string(name)]
        let cache: JSONValue? =
            switch disk.cache {
            case .none, .directsync: ["direct": true]
            case .unsafe: ["no-flush": true]
            case .writeback, .writethrough: nil
            }
        if let cache {
            file["cache"] = cache
            device["cache"] = cache
        }
        if disk.isReadOnly {
            file["read-only"] = true
            device["read-only"] = true
        }
        device["file"] = .object(file)
        return String(decoding: JSONText.bytes(of: .object(device)), as: UTF8.self)
    }
}
