/// A move that balancing looked at and did not make.
struct BalanceRefusal: Sendable, Hashable {
    /// Why not.
    enum Reason: Sendable, Hashable {
        /// None of the hosts with a low load takes the VM.
        case noHost
        /// With the moves before it the cluster's reserve would no longer hold.
        case reserve
        /// It saves this share of what it costs; below 1, and below 0 where it makes things worse.
        case notWorth(Double)
        /// It is worth its cost, but the plan has as many moves as it may.
        case full
    }

    /// The VM.
    let machine: Int
    /// The host that would gain most by it; `nil` where none takes it.
    let host: Int?
    /// Why not.
    let reason: Reason
}

extension BalanceSearch {
    /// Hosts, VMs of each, and vetoed moves that are explained: what a person reads.
    private static let mostExplained = 8

    /// The hosts above the mean that cost most as they are now, at most eight.
    func busiest() -> [Int] {
        let capacity = fleet.processors.reduce(0.0) { $0 + Double($1) }
        let held = (0..<state.bins).reduce(0.0) { $0 + Double(state.held(in: $1, 0)) }
        let mean = capacity > 0 ? held / capacity : 0
        return Array(costliest().filter { share(of: $0) > mean }.prefix(Self.mostExplained))
    }

    /// Why the largest VMs of the busiest hosts are left where they are, each held against its best host; first what
    /// only the reserve forbids.
    func refusals(atMost limit: Int) -> [BalanceRefusal] {
        let forbidden = vetoed.sorted { ($0.machine, $0.to) < ($1.machine, $1.to) }.prefix(Self.mostExplained)
        var list = forbidden.map { BalanceRefusal(machine: $0.machine, host: $0.to, reason: .reserve) }
        let destinations = coolest()
        for source in busiest() {
            let own = movable(on: source).sorted { (fleet.loads[$0], $1) > (fleet.loads[$1], $0) }
            for machine in own.prefix(Self.mostExplained) {
                if let refusal = refusal(of: machine, on: source, destinations, isFull: moves.count >= limit) {
                    list.append(refusal)
                }
            }
        }
        return list
    }

    private func refusal(
        of machine: Int, on source: Int, _ destinations: [Int], isFull: Bool
    ) -> BalanceRefusal? {
        var best: (host: Int, change: Int64)?
        for host in destinations.prefix(receivers) {
            guard !vetoed.contains(DenseMove(machine: machine, from: source, to: host)),
                let change = state.change(moving: machine, to: host), change < best?.change ?? .max
            else { continue }
            best = (host, change)
        }
        guard let best else { return BalanceRefusal(machine: machine, host: nil, reason: .noHost) }
        if best.change < 0 { return isFull ? BalanceRefusal(machine: machine, host: best.host, reason: .full) : nil }
        let price = Double(state.rules.costChange(of: machine, from: source, to: best.host))
        let worth = price > 0 ? (price - Double(best.change)) / price : 0
        return BalanceRefusal(machine: machine, host: best.host, reason: .notWorth(worth))
    }
}
