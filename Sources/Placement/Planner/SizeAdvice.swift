import FleetModel

/// Another size that a VM would do with, or needs.
public struct SizeAdvice: Sendable, Hashable {
    /// The VM.
    public var machine: VirtualMachineID
    /// Its name.
    public var name: String
    /// What it has, and what it should have; `nil` where its processors are right.
    public var virtualProcessors: Change<Int>?
    /// What it has, and what it should have; `nil` where its memory is right.
    public var memory: Change<Bytes>?
    /// What that rests on, for a person.
    public var reasons: [String]

    /// From one size to another.
    public struct Change<Amount: Sendable & Hashable>: Sendable, Hashable {
        /// What it has.
        public var from: Amount
        /// What it should have.
        public var to: Amount
    }
}

extension Planner {
    /// Share of its processors that a VM's usual peak should come to.
    private static let comfort = 0.7
    /// Above this share of its processors it is short of them.
    private static let shortage = 0.9

    /// Which VMs have too many or too few processors, or too much memory, for what they were seen to want. VMs of which
    /// the usual peak is unknown are left out: advice rests on days, not on a moment.
    public func sizeAdvice(on snapshot: FleetSnapshot, of cluster: ClusterName? = nil) -> [SizeAdvice] {
        let hosts = snapshot.hosts.lazy.filter { cluster == nil || $0.cluster == cluster }
        let machines = hosts.flatMap { host in host.virtualMachines.filter { !snapshot.hasLost($0.id, host) } }
        return machines.compactMap { machine in
            var advice = SizeAdvice(machine: machine.id, name: machine.name, reasons: [])
            adviseProcessors(machine, &advice)
            adviseMemory(machine, &advice)
            return advice.reasons.isEmpty ? nil : advice
        }
    }

    private func adviseProcessors(_ machine: PlacementVM, _ advice: inout SizeAdvice) {
        guard let peak = machine.traits.usualPeak, peak.isFinite, peak >= 0, let has = machine.virtualProcessors else {
            return
        }
        let wanted = max(1, Int((min(peak, 1e6) / Self.comfort).rounded(.up)))
        let isShort = peak > Double(has) * Self.shortage
        // Half or less: a smaller change is not worth a restart.
        guard isShort && wanted > has || wanted * 2 <= has else { return }
        advice.virtualProcessors = SizeAdvice.Change(from: has, to: wanted)
        advice.reasons.append(
            "it wants at most \(Wording.processors(peak)) in 95 % of the time and has "
                + Wording.count(has, "virtual processor"))
    }

    private func adviseMemory(_ machine: PlacementVM, _ advice: inout SizeAdvice) {
        guard let peak = machine.traits.memoryPeak, peak.isFinite, (0...1).contains(peak) else { return }
        let used = Double(machine.memory.count) * peak
        let step = Double(Bytes.mebibytes(256).count)
        let wanted = Bytes(nearest: max(1, (used / Self.comfort / step).rounded(.up)) * step)
        guard wanted.count * 2 <= machine.memory.count else { return }
        advice.memory = SizeAdvice.Change(from: machine.memory, to: wanted)
        advice.reasons.append("it was not seen to use more than \(Wording.percent(peak)) of its \(machine.memory)")
    }
}
