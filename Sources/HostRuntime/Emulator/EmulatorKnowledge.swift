import FleetModel

/// What one QEMU can make VMs of under one accelerator, as it says itself (QEMU's qapi/machine.json and
/// machine-target.json: `query-machines`, `query-cpu-definitions`, `query-cpu-model-expansion`).
struct EmulatorKnowledge: Hashable, Sendable {
    /// A machine type.
    struct Machine: Hashable, Sendable {
        /// Its versioned name, such as `pc-i440fx-7.2`.
        var name: String
        /// The name without a version that means it in this QEMU, such as `pc`.
        var alias: String?
    }
    /// A CPU model.
    struct Model: Hashable, Sendable {
        /// Its name, such as `Westmere`.
        var name: String
        /// The flags of it that guests cannot have here, by QEMU's names.
        var missing: [String]
        /// How many flags it has, where all can be had; 0 where that was not asked for.
        var richness = 0
    }

    /// The version of QEMU, such as `7.2.22`.
    var version: String
    var machines: [Machine]
    /// All models, also those that guests cannot have.
    var models: [Model]

    /// Models that take over all of the host's processor, and so are another one on every host.
    private static let hostsOwn: Set<String> = ["host", "max", "base"]

    /// The machine type by the name that means the same in every QEMU.
    func versioned(_ machine: String) -> String { machines.first { $0.alias == machine }?.name ?? machine }

    /// Whether this QEMU knows a machine type, by either name.
    func knows(machine: String) -> Bool { machines.contains { $0.name == machine || $0.alias == machine } }

    /// Names of the models that guests can have, the plainest first, without those that stand for one of them.
    var usableModels: [String] {
        models.filter { $0.missing.isEmpty && !Self.hostsOwn.contains($0.name) && !Self.isVersion($0.name) }
            .sorted { ($0.richness, $0.name) < ($1.richness, $1.name) }.map(\.name)
    }

    /// The flags that a CPU model such as `Haswell,-pcid` has and that cannot be had here; `nil` where QEMU does not know
    /// the model. What is switched off is not missed.
    func missing(for processorModel: String) -> [String]? {
        let words = processorModel.split(separator: ",").map(String.init)
        guard let model = models.first(where: { $0.name == words.first }) else { return nil }
        let off = Set(words.dropFirst().compactMap(Self.switchedOff))
        return model.missing.filter { !off.contains(Self.plain($0)) }
    }

    /// The model without what cannot be had here, so that it is the same one wherever it goes.
    func settled(_ processorModel: String) -> String {
        ([processorModel] + (missing(for: processorModel) ?? []).map { "-\($0)" }).joined(separator: ",")
    }

    /// `Haswell-v2` is what `Haswell` means in one machine type.
    private static func isVersion(_ name: String) -> Bool {
        guard let range = name.ranges(of: "-v").last else { return false }
        let number = name[range.upperBound...]
        return !number.isEmpty && number.allSatisfy(\.isNumber)
    }

    private static func switchedOff(_ word: String) -> String? {
        if word.hasPrefix("-") { return plain(String(word.dropFirst())) }
        return word.hasSuffix("=off") ? plain(String(word.dropLast(4))) : nil
    }

    /// QEMU takes `sse4_1` for `sse4.1` and `sse4-1`.
    private static func plain(_ flag: String) -> String {
        String(flag.map { $0 == "_" || $0 == "." ? "-" : $0 })
    }
}

extension EmulatorKnowledge {
    /// Reads the answers; what is not understood in them is passed over.
    init(version: String, machines: JSONValue, models: JSONValue) {
        self.version = version
        self.machines = machines.fewItems.compactMap { item in
            guard let name = item["name"]?.plainText(limit: 100), name != "none" else { return nil }
            return Machine(name: name, alias: item["alias"]?.plainText(limit: 100))
        }.sorted { $0.name < $1.name }
        self.models = models.fewItems.compactMap { item in
            guard let name = item["name"]?.plainText(limit: 100) else { return nil }
            let missing = (item["unavailable-features"] ?? .array([])).fewItems
            return Model(name: name, missing: missing.compactMap { $0.plainText(limit: 100) })
        }
    }
}
