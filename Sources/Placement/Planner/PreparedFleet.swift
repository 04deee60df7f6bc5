import FleetModel

/// A picture of the fleet with what planning derives from it: worked out once, where it is first needed, for every plan
/// and every re-check that is made on the picture. `Planner.prepare` makes one.
public struct PreparedFleet: Sendable {
    /// The picture.
    public let snapshot: FleetSnapshot
    let limits: PlannerLimits
    private let rules: RuleBook
    private var checks: [ClusterName: MoveCheck] = [:]
    private var clusters: [Key: PreparedCluster] = [:]
    /// Clusters of an earlier picture, which may be as they were.
    private var earlier: [Key: PreparedCluster] = [:]

    private struct Key: Hashable {
        let cluster: ClusterName
        let isAutomatic: Bool
    }

    init(_ snapshot: FleetSnapshot, limits: PlannerLimits) {
        self.snapshot = snapshot
        self.limits = limits
        rules = RuleBook(snapshot)
    }

    /// The same with what an earlier picture came to, for clusters in which nothing has changed since.
    init(_ snapshot: FleetSnapshot, limits: PlannerLimits, keeping old: PreparedFleet) {
        self.init(snapshot, limits: limits)
        guard old.limits == limits, old.snapshot.rules == snapshot.rules,
            old.snapshot.preferences == snapshot.preferences
        else { return }
        earlier = old.earlier.merging(old.clusters) { _, newer in newer }
    }

    /// What moves in a cluster are held against.
    mutating func check(in cluster: ClusterName) -> MoveCheck {
        if let known = checks[cluster] { return known }
        let columns = ResourceColumns(snapshot.hosts.filter { $0.cluster == cluster }, limits: limits)
        let check = MoveCheck(limits: limits, time: snapshot.time, rules: rules, columns: columns)
        checks[cluster] = check
        return check
    }

    /// A cluster in dense form. A plan that an operator asked for by name (not `isAutomatic`) heeds no cautions.
    mutating func cluster(_ name: ClusterName, isAutomatic: Bool = true) -> PreparedCluster {
        let key = Key(cluster: name, isAutomatic: isAutomatic)
        if let known = clusters[key] { return known }
        let check = check(in: name)
        let kept = earlier.removeValue(forKey: key)?.renewed(for: snapshot, check)
        // Whoever asks for a plan, the reserve is the same.
        let ledger = clusters[Key(cluster: name, isAutomatic: !isAutomatic)]?.ledger
        let prepared =
            kept ?? PreparedCluster(name, of: snapshot, check: check, isAutomatic: isAutomatic, ledger: ledger)
        clusters[key] = prepared
        return prepared
    }

    /// Another plan means to make these moves. Plans from now on leave them their room, as far as they find enough
    /// elsewhere: what was meant may never be done.
    public mutating func expect(_ actions: some Sequence<PlannedAction>) {
        for action in actions {
            guard case .migrate(let id, let source, let destination) = action.kind, let host = snapshot.host(source)
            else { continue }
            let key = Key(cluster: host.cluster, isAutomatic: true)
            _ = cluster(host.cluster)
            clusters[key]?.expect(id, on: destination)
        }
    }

    /// What a plan does not keep of a cluster's reserve, for a person; `nil` where it keeps all of it.
    mutating func reserveCaveat(of name: ClusterName) -> String? {
        let wanted = snapshot.reserve(of: name)
        guard wanted > 1,
            let ledger = cluster(name, isAutomatic: clusters[Key(cluster: name, isAutomatic: true)] != nil).ledger,
            ledger.sets.size < wanted
        else { return nil }
        return
            "Any \(wanted) hosts of \(name) are too many sets to watch: the plan keeps the reserve for each single host, and "
            + "not for \(wanted) at a time."
    }

    /// Watches over the cluster's reserve; `nil` where it keeps none.
    mutating func reserveGuard(of name: ClusterName) -> ReserveGuard? {
        if snapshot.reserve(of: name) <= 0 { return nil }
        let isThere = clusters[Key(cluster: name, isAutomatic: false)] != nil
        return cluster(name, isAutomatic: !isThere).reserveGuard
    }
}

/// A cluster of a picture, ready to be planned for.
struct PreparedCluster: Sendable {
    private(set) var check: MoveCheck
    private let name: ClusterName
    let compiled: CompiledCluster
    /// The fleet for relief.
    let present: DenseFleet
    /// How many hosts it must be able to lose.
    let failures: Int
    /// The proof of its reserve; `nil` where it keeps none. Of a cluster that is too large for one about every set of
    /// hosts, about each host.
    let ledger: ReserveLedger?
    /// What its hosts carry and have free.
    let books: ReliefBooks
    /// The same with what other plans mean to do; `nil` where none does.
    private(set) var expected: ReliefBooks?

    /// With `known`, the proof is not made again.
    init(
        _ cluster: ClusterName, of snapshot: FleetSnapshot, check: MoveCheck, isAutomatic: Bool = true,
        ledger known: ReserveLedger? = nil
    ) {
        self.check = check
        name = cluster
        let compiled = CompiledCluster(cluster, of: snapshot, check: check, isAutomatic: isAutomatic)
        let failures = snapshot.reserve(of: cluster)
        self.compiled = compiled
        self.failures = failures
        present = compiled.present
        ledger =
            failures > 0
            ? known ?? ReserveLedger(compiled.fleet, failures: failures) ?? ReserveLedger(compiled.fleet) : nil
        books = ReliefBooks(present, ceiling: check.limits.processorCeiling, reserve: ledger)
    }

    /// The same cluster in another picture; `nil` where it is not as it was, or where time alone changes what is allowed.
    func renewed(for snapshot: FleetSnapshot, _ check: MoveCheck) -> PreparedCluster? {
        guard failures == snapshot.reserve(of: name), compiled.departed == snapshot.departed,
            snapshot.hosts.lazy.filter({ $0.cluster == name }).elementsEqual(compiled.hosts),
            !compiled.hosts.contains(where: \.isResting), !check.rules.reachesBeyond(compiled.numbers)
        else { return nil }
        var copy = self
        copy.check = check
        copy.expected = nil
        return copy
    }

    /// The same cluster for plans in which no host that takes a VM may be busier than the share either.
    func capped(at share: Double) -> PreparedCluster {
        var copy = self
        copy.check = check.capped(at: share)
        return copy
    }

    var reserveGuard: ReserveGuard? { ledger.map { ReserveGuard(compiled, ledger: $0) } }

    mutating func expect(_ machine: VirtualMachineID, on host: HostName) {
        guard let number = compiled.numbers[machine], let place = compiled.places[host],
            Int(present.places[number]) != place
        else { return }
        var next = expected ?? books
        next.expect(DenseMove(machine: number, from: Int(present.places[number]), to: place), present)
        expected = next
    }
}

extension PlacementHost {
    /// Whether it or one of its VMs was moved lately, so that it is judged by the clock.
    fileprivate var isResting: Bool { lastMoved != nil || virtualMachines.contains { $0.lastMoved != nil } }
}
