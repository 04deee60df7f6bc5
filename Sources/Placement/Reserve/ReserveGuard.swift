import FleetModel

/// Watches over a cluster's reserve while a plan is made: a move that would leave the cluster less able to lose hosts
/// than its reserve asks is refused. Every move that was taken in counts on both sides, so that the answer holds for
/// any order of a plan's moves and for any of them failing.
struct ReserveGuard {
    private let compiled: CompiledCluster
    private let failures: Int
    private var ledger: ReserveLedger
    private var taken: [DenseMove] = []

    /// A watch over a cluster that must be able to lose `failures` hosts, with the proof that it can.
    init(_ compiled: CompiledCluster, failures: Int, ledger: ReserveLedger) {
        self.compiled = compiled
        self.failures = failures
        self.ledger = ledger
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
