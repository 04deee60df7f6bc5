import FleetModel

/// Watches over a cluster's reserve while a plan is made: a move that would leave the cluster less able to lose hosts
/// than its reserve asks is refused. Every move that was taken in counts on both sides, so that the answer holds for
/// any order of a plan's moves and for any of them failing.
struct ReserveGuard {
    private let compiled: CompiledCluster
    private let failures: Int
    private var ledger: ReserveLedger
    private var taken: [DenseMove] = []

    /// `nil` where the cluster keeps no reserve.
    init?(_ cluster: ClusterName, of snapshot: FleetSnapshot, limits: PlannerLimits) {
        guard snapshot.reserve(of: cluster) > 0 else { return nil }
        self.init(
            CompiledCluster(cluster, of: snapshot, rules: RuleBook(snapshot), limits: limits),
            failures: snapshot.reserve(of: cluster))
    }

    init?(_ compiled: CompiledCluster, failures: Int) {
        guard failures > 0 else { return nil }
        self.compiled = compiled
        self.failures = failures
        ledger = ReserveLedger(compiled.fleet)
    }

    /// Why the move may not be made on top of those taken in before; `nil` where it may, and then it is taken in.
    mutating func take(_ machine: VirtualMachineID, to host: HostName) -> String? {
        guard let number = compiled.numbers[machine], let place = compiled.places[host] else { return nil }
        let move = DenseMove(machine: number, from: Int(compiled.fleet.places[number]), to: place)
        if failures > 1 {
            guard holdsForMany(with: taken + [move]) else { return objection }
        } else if !ledger.arrive(number, on: place) {
            return objection
        }
        taken.append(move)
        return nil
    }

    /// The same without taking it in.
    func objection(toMoving machine: VirtualMachineID, to host: HostName) -> String? {
        var copy = self
        return copy.take(machine, to: host)
    }

    private var objection: String {
        "the cluster could no longer lose \(failures == 1 ? "any host" : "any \(failures) hosts") "
            + "while and after it moves there"
    }

    /// Reserves of more than one host are checked from cold. A fleet that had none before is not made to have one.
    private func holdsForMany(with moves: [DenseMove]) -> Bool {
        if !ReserveCheck(compiled.fleet).verdict(failures: failures).isYes { return true }
        return ReserveCheck(compiled.fleet.holding(moves)).verdict(failures: failures).isYes
    }
}
