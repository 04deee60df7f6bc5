import FleetModel

/// Says why a VM may not move, why a host may not take it: one place for every rule, so that the search, the re-check
/// before an action and the explanation agree.
struct MoveCheck: Sendable {
    private(set) var limits: PlannerLimits
    let time: Timestamp
    var rules: RuleBook
    /// What is limited in the cluster.
    var columns: ResourceColumns?

    /// Rounding of sums must not decide.
    private static let tolerance = 1e-9

    init(limits: PlannerLimits, time: Timestamp, rules: RuleBook, columns: ResourceColumns? = nil) {
        self.limits = limits
        self.time = time
        self.rules = rules
        self.columns = columns
    }

    /// Checks for moves in a cluster.
    init(_ cluster: ClusterName, of snapshot: FleetSnapshot, limits: PlannerLimits) {
        self.init(
            limits: limits, time: snapshot.time, rules: RuleBook(snapshot),
            columns: ResourceColumns(snapshot.hosts.filter { $0.cluster == cluster }, limits: limits))
    }

    /// The same checks, where no host that takes a VM may be busier than the share either.
    func capped(at share: Double) -> MoveCheck {
        var copy = self
        copy.limits.processorCeiling = min(limits.processorCeiling, share)
        return copy
    }

    // MARK: The VM

    /// Why the VM stays where it is, whatever the destination. One that is not `alone` may take those along that it must
    /// stay with; `companions` do go with it.
    func objection(
        toMoving machine: PlacementVM, from host: PlacementHost, alone isAlone: Bool = true,
        with companions: [VirtualMachineID] = []
    ) -> String? {
        if let reason = host.unavailableReason { return "\(host.name) is not available: \(reason)" }
        if let reason = machine.immovable { return "it must stay: \(reason)" }
        if machine.accelerator == nil { return "it is unknown what runs its code" }
        return isAlone ? rules.objection(toMoving: machine, from: host.name, with: companions) : nil
    }

    /// Why an automatic action leaves the VM alone.
    func caution(aboutMoving machine: PlacementVM) -> String? {
        if let doubt = machine.doubt { return doubt }
        if machine.processorUse == nil { return "its processor use is unknown" }
        if columns?.limitsVirtualProcessors == true && machine.virtualProcessors == nil {
            return "its virtual processors are unknown"
        }
        if columns?.limitsDisk == true && machine.traits.diskUse == nil { return "its disk use is unknown" }
        if columns?.limitsNetwork == true && machine.traits.networkUse == nil { return "its network use is unknown" }
        if let last = machine.lastMoved, let rest = rest(since: last) {
            return "it was moved \(Wording.span(time - last)) ago; it is left alone for another \(rest)"
        }
        return nil
    }

    /// Why an automatic plan leaves the host alone: its figures are averages that a move makes untrue for a while.
    func caution(aboutTouching host: PlacementHost) -> String? {
        guard let last = host.lastMoved, let rest = rest(since: last) else { return nil }
        return "a VM was moved to or from it \(Wording.span(time - last)) ago; it is left alone for another \(rest)"
    }

    private func rest(since last: Timestamp) -> String? {
        let rest = limits.coolDown - (time - last)
        return rest > .zero ? Wording.span(max(rest, .seconds(1))) : nil
    }

    // MARK: The destination

    /// Why the host cannot take the VM at all.
    func objection(to destination: PlacementHost, for machine: PlacementVM, from source: PlacementHost) -> String? {
        if destination.name == source.name { return "it is there already" }
        if destination.cluster != source.cluster {
            return "it is in cluster \(destination.cluster), not in \(source.cluster)"
        }
        if let reason = objection(toUsing: destination, for: machine) { return reason }
        if MoveEstimate(machine, bandwidth: MoveEstimate.bandwidth(source, destination, limits: limits)) == nil {
            return "the move would not end: the guest writes to its memory faster than it can be sent there"
        }
        return rules.objection(to: destination.name, for: machine)
    }

    /// Why a VM whose host has failed cannot start on the host: nothing has to be copied from where it was.
    func objection(toStarting machine: PlacementVM, on host: PlacementHost) -> String? {
        objection(toUsing: host, for: machine) ?? rules.objection(to: host.name, for: machine)
    }

    private func objection(toUsing host: PlacementHost, for machine: PlacementVM) -> String? {
        if let reason = host.unavailableReason ?? host.closedReason { return "it is not available: \(reason)" }
        return ReachKey(machine).objection(to: host)
    }

    /// Why an automatic action does not move the VM to the host: it came from there lately.
    func caution(aboutReturning machine: PlacementVM, to host: HostName) -> String? {
        guard let last = machine.lastMoved, machine.traits.cameFrom == host else { return nil }
        let age = time - last
        guard age < limits.returnTime else { return nil }
        return "it came from there \(Wording.span(age)) ago, and nothing goes there and back within "
            + Wording.span(limits.returnTime)
    }

    /// The hosts of `hosts` that the VM may start on by rules and by what it needs; `nil` for all.
    func reach(of machine: PlacementVM, of hosts: [PlacementHost], _ reach: inout HostReach) -> [Int]? {
        let byRule = rules.allowed(machine.id, of: hosts)
        guard let byNeed = reach.hosts(for: machine) else { return byRule }
        return byRule.map { Set($0).intersection(byNeed).sorted() } ?? byNeed
    }

    /// The hosts of `hosts` that the VM may move to: of those that it may start on, the ones to which its move ends and
    /// from which it does not come; `nil` for all.
    func allowed(
        _ machine: PlacementVM, on source: PlacementHost, of hosts: [PlacementHost], _ reach: inout HostReach,
        heedsReturn: Bool
    ) -> [Int]? {
        var allowed = self.reach(of: machine, of: hosts, &reach)
        if machine.traits.dirtyRate ?? 0 > 0 {
            let ends = { (place: Int) in
                let bandwidth = MoveEstimate.bandwidth(source, hosts[place], limits: limits)
                return hosts[place].name == source.name || MoveEstimate(machine, bandwidth: bandwidth) != nil
            }
            let able = (allowed ?? Array(hosts.indices)).filter(ends)
            if able.count < hosts.count { allowed = able }
        }
        guard heedsReturn, let origin = machine.traits.cameFrom, caution(aboutReturning: machine, to: origin) != nil
        else {
            return allowed
        }
        return (allowed ?? Array(hosts.indices)).filter { hosts[$0].name != origin }
    }

    /// Why an automatic plan brings no VM to the host, whichever it is.
    func objection(toUsing host: PlacementHost, _ load: HostLoad) -> String? {
        let unavailable = (host.unavailableReason ?? host.closedReason).map { "it is not available: \($0)" }
        return unavailable ?? unknown(of: load) ?? caution(aboutTouching: host)
    }

    /// What is unknown about a destination that carries `load`.
    func unknown(of load: HostLoad) -> String? {
        if load.processors <= 0 { return "it has no logical processors" }
        if load.processorShare == nil { return "its processor use is unknown" }
        if load.memoryShare == nil { return "its available memory is unknown" }
        return load.unknownAmount
    }

    /// Which limit of the destination the VM would break; its memory is held there from the first moment of the move.
    func limitBroken(by machine: MachineLoad, on load: HostLoad) -> String? {
        let after = load.adding(machine)
        if let reason = promiseBroken(after) { return reason }
        if let share = after.memoryShare, !holds(share, limits.memoryCeiling) {
            return "memory would be \(Wording.percent(share)) used, limit \(Wording.percent(limits.memoryCeiling))"
        }
        if let share = after.processorShare, !holds(share, limits.processorCeiling) {
            let limit = Wording.percent(limits.processorCeiling)
            return "processor would be \(Wording.percent(share)) busy, limit \(limit)"
        }
        return after.limitBroken(limits)
    }

    /// The same without ceilings of comfort: what must not be broken even after a failure, as the reserve counts it.
    func hardLimitBroken(by machine: MachineLoad, on load: HostLoad) -> String? {
        let after = load.adding(machine)
        return promiseBroken(after) ?? after.limitBroken(limits)
    }

    private func promiseBroken(_ after: HostLoad) -> String? {
        let room = max(0, after.memory - Double(limits.hostReserve.count)) * after.memoryOvercommit(limits)
        if after.memoryPromised <= room + Self.tolerance { return nil }
        return "its VMs would be promised \(bytes(after.memoryPromised)) of the \(bytes(room)) it has for them"
    }

    /// NaN holds nothing.
    func holds(_ share: Double, _ ceiling: Double) -> Bool { share <= ceiling + Self.tolerance }

    private func bytes(_ count: Double) -> String { Bytes(nearest: max(0, count)).description }
}
