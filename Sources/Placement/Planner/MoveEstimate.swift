import FleetModel

/// What a live migration is expected to take (pre-copy): memory is sent in rounds, each sending again what the guest
/// wrote during the one before, until what is left fits into the allowed pause.
///
/// With bandwidth B, memory M and dirty rate D < B the rounds are a geometric series: M / (B - D) seconds in all. The
/// pause is what is written in a last round of `pause` seconds, and a moment to hand over. A guest of which nobody knows
/// how fast it writes counts as one that writes half as fast as it can be sent: a plan that hopes for an idle one would
/// rest on nothing.
struct MoveEstimate: Sendable, Hashable {
    /// Seconds from the start to the end.
    let seconds: Double
    /// Milliseconds that the guest stands still; `nil` where nobody knows how fast it writes.
    let downtimeMilliseconds: Double?

    private static let handOver = 30.0
    private static let pause = 300.0
    private static let unknownShare = 0.5

    /// `nil` where the guest writes faster than it can be sent.
    init?(_ machine: PlacementVM, bandwidth: Double) {
        let rate = machine.traits.dirtyRate ?? bandwidth * Self.unknownShare
        guard bandwidth > 0, rate < bandwidth * 0.95 else { return nil }
        let size = Double((machine.memory + machine.traits.localDisks).count)
        seconds = size / (bandwidth - rate)
        downtimeMilliseconds = machine.traits.dirtyRate.map {
            min(Self.pause, Self.pause * $0 / bandwidth) + Self.handOver
        }
    }

    /// What a move between two hosts gets: the slower of them, and never more than what their VMs leave of the network.
    static func bandwidth(_ source: PlacementHost, _ destination: PlacementHost, limits: PlannerLimits) -> Double {
        [source, destination].map { host in
            let own = host.traits.migrationBandwidth ?? limits.usualBandwidth
            guard let network = host.traits.networkBandwidth else { return own }
            let used = host.virtualMachines.reduce(0) { $0 + ($1.traits.networkUse ?? 0) }
            return min(own, max(0, network - used))
        }.min() ?? 0
    }
}
