import FleetModel

/// What a process's command line says of it: whether it is a QEMU machine, what accelerates it (QEMU's man page,
/// `-accel`, `-machine accel=`, `-enable-kvm`), and what it is (`-name`, `-uuid`, `-smp`, `-m`).
struct QEMUCommandLine: Hashable, Sendable {
    /// What runs the guest's code; `nil` where the line leaves it to chance (`kvm:tcg`, or accelerators of others).
    var accelerator: Accelerator?
    /// The VM's name; `nil` where the line gives none.
    var name: String?
    /// The VM's identity; `nil` where the line gives none.
    var id: VirtualMachineID?
    /// Its virtual processors.
    var virtualProcessors = 1
    /// The guest's memory; QEMU's own default where the line does not say.
    var memory = Bytes.mebibytes(128)

    /// Reads `/proc/PID/cmdline`: arguments with a zero byte behind each. `nil` for any process but a QEMU machine.
    init?(parsing bytes: Span<UInt8>) {
        let arguments = Self.arguments(bytes)
        guard let program = arguments.first?.split(separator: "/").last else { return nil }
        let isMachine = program.hasPrefix("qemu-system-") || program == "qemu-kvm" || program == "kvm"
        guard isMachine else { return nil }
        // Debian's and Red Hat's wrappers turn KVM on; QEMU itself translates when nothing is said.
        accelerator = program.hasPrefix("qemu-system-") ? .tcg : .kvm
        var asked: [Accelerator?] = []
        for (place, argument) in arguments.enumerated() {
            let value = place + 1 < arguments.count ? arguments[place + 1] : ""
            switch argument {
            case "-enable-kvm", "--enable-kvm": accelerator = .kvm
            case "-accel", "--accel": asked.append(Self.accelerator(named: value.prefix { $0 != "," }))
            case "-machine", "--machine", "-M": accelerator = Self.machineAccelerator(value) ?? accelerator
            default: describe(argument, value)
            }
        }
        // Of several, QEMU takes the first that works: which one that is, only its threads can say.
        if let first = asked.first { accelerator = asked.allSatisfy { $0 == first } ? first : nil }
    }

    /// Takes what one argument says of the VM.
    private mutating func describe(_ argument: String, _ value: String) {
        switch argument {
        case "-name", "--name": name = Self.option("guest", of: value)
        case "-uuid", "--uuid": id = VirtualMachineID(value)
        case "-smp", "--smp":
            virtualProcessors = Self.option("cpus", of: value).flatMap { Int($0) } ?? virtualProcessors
        case "-m", "--m": memory = Self.option("size", of: value).flatMap(Self.memory) ?? memory
        default: break
        }
    }

    /// The value of `name=` among options with commas between them, or the first one if that has no name.
    private static func option(_ name: String, of options: String) -> String? {
        let parts = options.split(separator: ",")
        let found = parts.first { $0.hasPrefix(name + "=") }
        if let found { return String(found.dropFirst(name.count + 1)) }
        return parts.first.flatMap { $0.contains("=") ? nil : String($0) }
    }

    /// An amount of memory; a number without a unit is in mebibytes.
    private static func memory(_ text: String) -> Bytes? {
        if let number = Int64(text), number < 1 << 40 { return .mebibytes(number) }
        return Bytes(parsing: text.uppercased())
    }

    private static func arguments(_ bytes: Span<UInt8>) -> [String] {
        var found: [String] = []
        var current: [UInt8] = []
        for place in 0..<bytes.count {
            if bytes[place] == 0 {
                found.append(String(decoding: current, as: UTF8.self))
                current.removeAll(keepingCapacity: true)
            } else {
                current.append(bytes[place])
            }
        }
        if !current.isEmpty { found.append(String(decoding: current, as: UTF8.self)) }
        return found
    }

    private static func machineAccelerator(_ machine: String) -> Accelerator?? {
        for option in machine.split(separator: ",") where option.hasPrefix("accel=") {
            return .some(accelerator(named: option.dropFirst("accel=".count)))
        }
        return nil
    }

    private static func accelerator(named name: Substring) -> Accelerator? {
        Accelerator(rawValue: String(name))
    }
}
