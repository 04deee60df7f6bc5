import FleetModel
import FoundationEssentials
import Glibc

/// The arguments that QEMU is started with. The same definition gives the same devices on every host, which a
/// migration needs.
enum QEMUCommandLine {
    /// Descriptors 3 and 4 are the listening sockets of monitor and console: made before QEMU starts, so that a client
    /// may connect at once and is served as soon as QEMU is there.
    static let monitorDescriptor = 3
    static let consoleDescriptor = 4

    /// What a guest that has taken over its QEMU is kept from: other programs, more rights, old system calls.
    private static let sandbox = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"

    static func arguments(
        for definition: VirtualMachineDefinition, accelerator: Accelerator, pidFile: String, isIncoming: Bool
    ) throws(HostRuntimeError) -> [String] {
        var arguments = [
            "-name", "guest=\(definition.name.text),debug-threads=on", "-uuid", definition.id.text,
            "-sandbox", sandbox, "-no-user-config", "-nodefaults", "-display", "none", "-msg", "timestamp=on",
            "-pidfile", pidFile,
            "-machine", definition.machine, "-accel", accelerator.rawValue, "-cpu", definition.processorModel,
            "-smp", "\(definition.virtualProcessors)", "-m", "size=\(definition.memory.count >> 20)M",
            "-chardev", "socket,id=monitor,fd=\(monitorDescriptor),server=on,wait=off",
            "-mon", "chardev=monitor,mode=control",
            "-chardev", "socket,id=console,fd=\(consoleDescriptor),server=on,wait=off", "-serial", "chardev:console",
        ]
        if let firmware = definition.firmware { arguments += ["-bios", firmware] }
        if let kernel = definition.kernel {
            arguments += ["-kernel", kernel.image, "-append", kernel.commandLine]
            if let disk = kernel.initialRAMDisk { arguments += ["-initrd", disk] }
        }
        if definition.disks.contains(where: { $0.bus == .scsi }) {
            arguments += ["-device", "virtio-scsi-pci,id=scsi"]
        }
        for (place, disk) in definition.disks.enumerated() {
            arguments += ["-blockdev", try blockDevice(disk, name: diskName(place))]
            arguments += ["-device", "\(driver(disk.bus)),drive=\(diskName(place))"]
        }
        if definition.balloon { arguments += ["-device", "virtio-balloon-pci,id=balloon"] }
        if isIncoming { arguments += ["-incoming", "defer"] }
        return arguments
    }

    /// What QEMU calls the disk that is at this place of a definition.
    static func diskName(_ place: Int) -> String { "disk\(place)" }

    private static func driver(_ bus: VirtualMachineDefinition.Disk.Bus) -> String {
        switch bus {
        case .virtio: "virtio-blk-pci"
        case .ide: "ide-hd"
        case .scsi: "scsi-hd"
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
    ) throws(HostRuntimeError) -> String {
        // QEMU's driver for files refuses devices, and the one for devices refuses files.
        let driver = isBlockDevice(disk.path) ? "host_device" : "file"
        let file: JSONValue = ["driver": .string(driver), "filename": .string(disk.path), "locking": "on"]
        let device: JSONValue = [
            "driver": .string(disk.format.rawValue), "node-name": .string(name), "file": file,
        ]
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(device) else {
            throw .definition(field: "disks", problem: "'\(disk.path)' cannot be written as JSON")
        }
        return String(decoding: data, as: UTF8.self)
    }
}
