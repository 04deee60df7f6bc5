import FleetModel

/// What libvirt says that domains on this host can be made of.
struct HostDescription: Hashable, Sendable {
    /// QEMU's machine types for x86-64, with its short names for some of them (`pc`, `q35`).
    var machines: [String] = []
    /// Whether domains run under KVM here.
    var hasKVM = false
    /// CPU models that domains can have here under the accelerator that was asked for.
    var processorModels: [String] = []
    /// What a model that libvirt knows lacks here, by model, where libvirt names it.
    var missingFeatures: [String: [String]] = [:]
    /// The version of the QEMU that new domains get.
    var emulatorVersion: String?

    /// More than any host has.
    private static let most = 2000

    /// Reads the host's capabilities (https://libvirt.org/formatcaps.html) and those of domains of one type
    /// (https://libvirt.org/formatdomaincaps.html); `nil` for those where the host has no such type.
    init(capabilities: [UInt8], domains: [UInt8]?, emulatorVersion: String?) throws(MarkupProblem) {
        self.emulatorVersion = emulatorVersion
        let host = try MarkupElement(parsing: capabilities)
        for guest in host.children(named: "guest") where guest["os_type"]?.word == "hvm" {
            guard let architecture = guest["arch"], architecture[attribute: "name"] == "x86_64" else { continue }
            hasKVM = architecture.children(named: "domain").contains { $0[attribute: "type"] == "kvm" }
            machines = architecture.children(named: "machine").prefix(Self.most).compactMap {
                DomainText.plain($0.word)
            }
        }
        guard let domains else { return }
        let modes = try MarkupElement(parsing: domains)["cpu"]?.children(named: "mode") ?? []
        guard let custom = modes.first(where: { $0[attribute: "name"] == "custom" }) else { return }
        let models = custom.children(named: "model").prefix(Self.most)
        let known = models.compactMap { DomainText.plain($0.word) }
        // The plainest first; libvirt's own order is that of its files.
        let plain = ProcessorModel.plain.filter(known.contains)
        processorModels = plain
        for model in models where model[attribute: "usable"] == "yes" {
            if let name = DomainText.plain(model.word), !plain.contains(name) { processorModels.append(name) }
        }
        for blockers in custom.children(named: "blockers").prefix(Self.most) {
            guard let model = DomainText.plain(blockers[attribute: "model"]) else { continue }
            missingFeatures[model] = blockers.children(named: "feature").prefix(100)
                .compactMap { DomainText.plain($0[attribute: "name"]) }
        }
    }

    /// Why a VM that is to arrive cannot run here; `nil` where it can, as far as this tells. libvirt itself compares
    /// the processors' features when the guest comes, and names those that are missing.
    func objection(to migration: IncomingMigration) -> String? {
        if migration.accelerator == .kvm, !hasKVM { return "the VM runs under KVM, which libvirt here has not" }
        if let theirs = migration.emulatorVersion, let ours = emulatorVersion, Self.isOlder(ours, than: theirs) {
            return "QEMU here is \(ours), older than \(theirs), which the VM comes from: upgrade this host first"
        }
        return objection(machine: migration.definition.machine)
            ?? objection(processorModel: migration.definition.processorModel)
    }

    /// Why there is no such machine here; `nil` where there is, or where its name is not known.
    func objection(machine: String) -> String? {
        if machines.isEmpty || machine == "unknown" || machines.contains(machine) { return nil }
        return "QEMU here has no machine type \(machine)"
    }

    /// Why there is no such processor here; `nil` where there is, or where that cannot be told.
    func objection(processorModel text: String) -> String? {
        let model = ProcessorModel(text).name
        let isOpen = ["unknown", "host", "max", "host-passthrough", "host-model", "maximum"].contains(model)
        if processorModels.isEmpty || isOpen || processorModels.contains(model) { return nil }
        let missing = missingFeatures[model, default: []]
        return missing.isEmpty
            ? "libvirt here can run no CPU model \(model)"
            : "libvirt here can run no CPU model \(model): it lacks \(missing.joined(separator: ", "))"
    }

    /// Whether a QEMU of version `one` may not know what one of version `other` sends. The third number changes nothing
    /// of that.
    static func isOlder(_ one: String, than other: String) -> Bool {
        func numbers(_ text: String) -> [Int] { text.split(separator: ".").prefix(2).map { Int($0) ?? 0 } }
        return numbers(one).lexicographicallyPrecedes(numbers(other))
    }
}
