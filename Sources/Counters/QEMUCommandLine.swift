import FleetModel

/// What a process's command line says of it: whether it is a QEMU machine, and what accelerates it (QEMU's man page,
/// `-accel`, `-machine accel=`, `-enable-kvm`).
struct QEMUCommandLine: Hashable, Sendable {
    /// What runs the guest's code; `nil` where the line leaves it to chance (`kvm:tcg`, or accelerators of others).
    var accelerator: Accelerator?

    /// Reads `/proc/PID/cmdline`: arguments with a zero byte behind each. `nil` for any process but a QEMU machine.
    init?(parsing bytes: Span<UInt8>) {
        let arguments = Self.arguments(bytes)
        guard let program = arguments.first else { return nil }
        let name = program.split(separator: "/").last ?? ""
        let isMachine = name.hasPrefix("qemu-system-") || name == "qemu-kvm" || name == "kvm"
        guard isMachine else { return nil }
        // Debian's and Red Hat's wrappers turn KVM on; QEMU itself translates when nothing is said.
        accelerator = name.hasPrefix("qemu-system-") ? .tcg : .kvm
        var asked: [Accelerator?] = []
        for (place, argument) in arguments.enumerated() {
            let value = place + 1 < arguments.count ? arguments[place + 1] : ""
            switch argument {
            case "-enable-kvm", "--enable-kvm": accelerator = .kvm
            case "-accel", "--accel": asked.append(Self.accelerator(named: value.prefix { $0 != "," }))
            case "-machine", "--machine", "-M": accelerator = Self.machineAccelerator(value) ?? accelerator
            default: break
            }
        }
        // Of several, QEMU takes the first that works: which one that is, only its threads can say.
        if let first = asked.first { accelerator = asked.allSatisfy { $0 == first } ? first : nil }
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
