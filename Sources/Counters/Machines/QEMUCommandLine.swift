import FleetModel

/// What a process's command line says of it: whether it is a QEMU machine, what accelerates it, and which machine it is
/// (QEMU's man page, `-accel`, `-machine accel=`, `-enable-kvm`, `-name`, `-uuid`, `-m`, `-smp`, `-incoming`).
struct QEMUCommandLine: Hashable, Sendable {
    /// What runs the guest's code; `nil` where the line leaves it to chance (`kvm:tcg`, or accelerators of others).
    var accelerator: Accelerator?
    /// What the machine is called (`-name guest=web,debug-threads=on`, `-name web`).
    var name: String?
    /// Its identity (`-uuid`).
    var identity: VirtualMachineID?
    /// Memory of the guest; QEMU's own default is 128 MiB.
    var memory = Bytes.mebibytes(128)
    /// Virtual processors; QEMU's own default is 1.
    var virtualProcessors = 1
    /// Whether it was started to receive a machine from elsewhere.
    var isIncoming = false
    /// QEMU's machine type (`-machine q35`), without its options.
    var machineType: String?
    /// QEMU's CPU model (`-cpu host`), without its options.
    var processorModel: String?

    /// Reads `/proc/PID/cmdline`: arguments with a zero byte behind each. `nil` for any process but a QEMU machine.
    init?(parsing bytes: Span<UInt8>) {
        // Nearly every process is none: that is seen without taking the line apart.
        let program = Self.programName(bytes)
        let isEmulator = program.count >= 12 && bytes.hasPrefix("qemu-system-", at: program.lowerBound)
        guard isEmulator || bytes.holds("qemu-kvm", in: program) || bytes.holds("kvm", in: program) else { return nil }
        // Debian's and Red Hat's wrappers turn KVM on; QEMU itself translates when nothing is said.
        accelerator = isEmulator ? .tcg : .kvm
        let arguments = Self.arguments(bytes)
        var asked: [Accelerator?] = []
        for (place, argument) in arguments.enumerated() {
            let value = place + 1 < arguments.count ? arguments[place + 1] : ""
            switch argument {
            case "-enable-kvm", "--enable-kvm": accelerator = .kvm
            case "-accel", "--accel": asked.append(Self.accelerator(named: value.prefix { $0 != "," }))
            case "-machine", "--machine", "-M": accelerator = Self.machineAccelerator(value) ?? accelerator
            default: break
            }
            takeIdentity(argument, value)
        }
        // Of several, QEMU takes the first that works: which one that is, only its threads can say.
        if let first = asked.first { accelerator = asked.allSatisfy { $0 == first } ? first : nil }
    }

    private mutating func takeIdentity(_ argument: String, _ value: String) {
        // QEMU takes one dash or two.
        switch argument.hasPrefix("--") ? String(argument.dropFirst()) : argument {
        case "-name": name = Self.option("guest", of: value) ?? Self.plain(value) ?? name
        case "-uuid": identity = VirtualMachineID(value) ?? identity
        case "-m": memory = (Self.option("size", of: value) ?? Self.plain(value)).flatMap(Self.size) ?? memory
        case "-smp":
            let count = (Self.option("cpus", of: value) ?? Self.plain(value)).flatMap { Int($0) }
            virtualProcessors = count.flatMap { (1...255).contains($0) ? $0 : nil } ?? virtualProcessors
        case "-incoming": isIncoming = true
        case "-machine", "-M": machineType = Self.option("type", of: value) ?? Self.plain(value) ?? machineType
        case "-cpu": processorModel = Self.plain(value) ?? processorModel
        default: break
        }
    }

    /// The value of `key=` among options separated by commas.
    private static func option(_ key: String, of value: String) -> String? {
        for part in value.split(separator: ",") where part.hasPrefix("\(key)=") {
            return String(part.dropFirst(key.utf8.count + 1))
        }
        return nil
    }

    /// The first of options separated by commas, where it has no key.
    private static func plain(_ value: String) -> String? {
        guard let first = value.split(separator: ",").first, !first.contains("=") else { return nil }
        return String(first)
    }

    /// A size as QEMU reads it after `-m`: MiB unless a letter says otherwise.
    private static func size(_ text: String) -> Bytes? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let shifts: [String: Int64] = ["": 20, "b": 0, "k": 10, "m": 20, "g": 30, "t": 40]
        guard let count = Int64(digits), let shift = shifts[text.dropFirst(digits.count).lowercased()], count > 0 else {
            return nil
        }
        let (product, overflow) = count.multipliedReportingOverflow(by: 1 << shift)
        return overflow ? nil : Bytes(product)
    }

    /// Where the last part of the first argument's path is.
    private static func programName(_ bytes: Span<UInt8>) -> Range<Int> {
        var start = 0
        var end = 0
        while end < bytes.count, bytes[end] != 0 {
            end += 1
            if bytes[end - 1] == .slash { start = end }
        }
        return start..<end
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
