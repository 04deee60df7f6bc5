import FleetModel

/// The arguments that QEMU is started with. The same definition gives the same devices on every host, which a
/// migration needs.
enum QEMUCommandLine {
    /// How many modules of memory a VM can be given while it runs.
    static let memorySlots = 32

    /// What a guest that has taken over its QEMU is kept from: other programs, more rights, old system calls.
    private static let sandbox = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"

    static func arguments(
        for definition: VirtualMachineDefinition, accelerator: Accelerator, pidFile: String, places: LaunchPlaces
    ) -> [String] {
        var arguments = [
            "-name", "guest=\(definition.name.text),debug-threads=on", "-uuid", definition.id.text,
            "-sandbox", sandbox, "-no-user-config", "-nodefaults", "-display", "none", "-msg", "timestamp=on",
            "-pidfile", pidFile,
            "-machine", definition.machine, "-accel", accelerator.rawValue, "-cpu", definition.processorModel,
            "-smp", processors(of: definition), "-m", memory(of: definition),
            "-chardev", "socket,id=monitor,fd=\(LaunchPlaces.monitor),server=on,wait=off",
            "-mon", "chardev=monitor,mode=control",
            "-chardev", "socket,id=console,fd=\(LaunchPlaces.console),server=on,wait=off", "-serial", "chardev:console",
        ]
        if let firmware = definition.firmware { arguments += ["-bios", firmware] }
        if let kernel = definition.kernel {
            arguments += ["-kernel", kernel.image, "-append", kernel.commandLine]
            if let disk = kernel.initialRAMDisk { arguments += ["-initrd", disk] }
        }
        arguments += devices(of: definition, places)
        switch places.beginning {
        case .anew: break
        case .incoming: arguments += ["-incoming", "defer"]
        case .saved: arguments += ["-incoming", "defer", "-S"]
        }
        return arguments
    }

    /// Those that can still come have their places from the beginning.
    private static func processors(of definition: VirtualMachineDefinition) -> String {
        let count = "\(definition.virtualProcessors)"
        return definition.maximumProcessors.map { "\(count),maxcpus=\($0)" } ?? count
    }

    private static func memory(of definition: VirtualMachineDefinition) -> String {
        let size = "size=\(definition.memoryAtStart.count >> 20)M"
        guard let most = definition.maximumMemory, most > definition.memoryAtStart else { return size }
        return "\(size),slots=\(memorySlots),maxmem=\(most.count >> 20)M"
    }
}
