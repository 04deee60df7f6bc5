import FleetModel

/// Whether a VM that runs elsewhere can go on under this host's QEMU, as far as that can be known beforehand.
enum ArrivalCheck {
    /// What speaks against it, in words; `nil` when nothing does. `knowledge` is of the accelerator that the VM needs.
    static func objection(to migration: IncomingMigration, _ knowledge: EmulatorKnowledge) -> String? {
        let definition = migration.definition
        let here = "this host's QEMU \(knowledge.version)"
        if !knowledge.knows(machine: definition.machine) {
            let newest = newest(like: definition.machine, knowledge).map { ", and knows up to \($0)" } ?? ""
            return
                "\(definition.name) needs the machine type \(definition.machine), which \(here) does not have\(newest)"
        }
        // A name without a version means another machine in another QEMU.
        if let version = migration.emulatorVersion, knowledge.versioned(definition.machine) != definition.machine,
            minor(version) != minor(knowledge.version)
        {
            return
                "\(definition.name) has the machine type \(definition.machine) of QEMU \(version), which is another one "
                + "in \(here): it can move after it was started anew"
        }
        // Who does not say its version does not say either which flags its VM has: QEMU itself is left to find out.
        guard migration.emulatorVersion != nil else { return nil }
        guard let missing = knowledge.missing(for: definition.processorModel) else {
            return "\(definition.name) needs the CPU model \(definition.processorModel), which \(here) does not know"
        }
        if missing.isEmpty { return nil }
        return "\(definition.name) needs CPU flags of \(definition.processorModel) that cannot be had here under "
            + "\(migration.accelerator.rawValue.uppercased()): \(missing.joined(separator: ", "))"
    }

    /// The newest machine type of the same family: `pc-i440fx-7.2` for `pc-i440fx-8.0`.
    private static func newest(like machine: String, _ knowledge: EmulatorKnowledge) -> String? {
        guard let family = split(machine)?.family else { return nil }
        let relatives = knowledge.machines.compactMap { split($0.name) }.filter { $0.family == family }
        return relatives.max { $0.version.lexicographicallyPrecedes($1.version) }?.name
    }

    private static func split(_ name: String) -> (name: String, family: Substring, version: [Int])? {
        guard let dash = name.lastIndex(of: "-") else { return nil }
        let numbers = name[name.index(after: dash)...].split(separator: ".").map { Int($0) }
        let version = numbers.compactMap { $0 }
        return version.count == numbers.count && !version.isEmpty ? (name, name[..<dash], version) : nil
    }

    private static func minor(_ version: String) -> String {
        version.split(separator: ".").prefix(2).joined(separator: ".")
    }
}
