import FleetModel

/// Where the VMs of a host that failed are to be started again.
public struct RestartPlan: Sendable, Hashable {
    /// A VM and its new host.
    public struct Placement: Sendable, Hashable {
        /// The VM.
        public var machine: VirtualMachineID
        /// Its name.
        public var name: String
        /// Where it starts.
        public var host: HostName
        /// What is over its ceiling on the host with it, for a person; `nil` where nothing is.
        public var strain: String?
        /// What of the host is unknown with it, so that nobody can say how busy it will be; `nil` where nothing is.
        public var unknown: String?
    }

    /// In the order in which they start: the highest priority first.
    public var placements: [Placement] = []
    /// VMs for which there is no host, and why the last one would not do.
    public var unplaced: [RejectedCandidate] = []
    /// VMs that are not started elsewhere, because they are not highly available, or because another host that is heard
    /// reports them.
    public var left: [String] = []
}

extension Planner {
    /// Where to start the VMs of a failed host again: those an operator wants up first, then the most important, then the
    /// largest, each on the host that stays least loaded of those that break no limit and no rule. VMs that must share a
    /// host start on one. Where every host would be over its ceilings, a VM that runs slowly is better than one that does
    /// not run: only what is hard counts then, as it does for the reserve. Where that leaves VMs out though the reserve's search
    /// packs all of them, its packing is the plan. `nil` for a host that is not there.
    ///
    /// Only a host that is known to be dead may be asked about: a VM that still runs must not be started twice.
    public func restart(of name: HostName, on snapshot: FleetSnapshot) -> RestartPlan? {
        guard let failed = snapshot.host(name) else { return nil }
        var search = RestartSearch(failed, snapshot, limits)
        search.run()
        if search.plan.unplaced.isEmpty { return search.plan }
        let question = ReserveQuestion(failed.cluster, snapshot, limits)
        guard let refuges = question.refuges(of: failed) else { return search.plan }
        var other = RestartSearch(failed, snapshot, limits)
        return other.follow(refuges) ? other.plan : search.plan
    }
}
