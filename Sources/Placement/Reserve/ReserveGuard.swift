import FleetModel

/// Watches over a cluster's reserve, in words: a move with which more would be lost than now when hosts fail is refused.
struct ReserveGuard {
    private let compiled: CompiledCluster
    private var ledger: ReserveLedger

    /// A watch over a cluster, with the proof of what it can lose.
    init(_ compiled: CompiledCluster, ledger: ReserveLedger) {
        self.compiled = compiled
        self.ledger = ledger
    }

    /// Why the move may not be made; `nil` where it may.
    mutating func objection(toMoving machine: VirtualMachineID, to host: HostName) -> String? {
        guard let number = compiled.numbers[machine], let place = compiled.places[host] else { return nil }
        if ledger.holdings.holds(number, on: place) { return nil }
        guard ledger.arrive(number, on: place) else { return objection }
        ledger.withdraw(number, from: place)
        return nil
    }

    private var objection: String {
        let failures = ledger.sets.size
        if ledger.holds {
            return "the cluster could no longer lose \(failures == 1 ? "any host" : "any \(failures) hosts") "
                + "while and after it moves there"
        }
        return "the cluster's reserve does not hold as it is, and with it there more VMs than now would find no host "
            + "if \(failures == 1 ? "one" : "\(failures)") failed"
    }
}
