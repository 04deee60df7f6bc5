import FleetModel

/// What is known of a migration beyond the guest: limits, and what host and network are able to do.
public struct MigrationConditions: Hashable, Sendable {
    /// Upper bound of the stream in bytes a second.
    public var bandwidth: Bytes
    /// How long the guest may be halted, in milliseconds.
    public var downtimeLimitMilliseconds: Int
    /// After how long the migration is cancelled.
    public var timeLimitSeconds: Int
    /// What the hosts are able to do.
    public var experience: MigrationExperience

    /// Limits, by default QEMU's own for the stream, with what migrations have shown before.
    public init(
        bandwidth: Bytes? = nil, downtimeLimitMilliseconds: Int = 300, timeLimitSeconds: Int = 120,
        experience: MigrationExperience = MigrationExperience()
    ) {
        self.bandwidth = bandwidth ?? MigrationSetup.defaultBandwidth
        self.downtimeLimitMilliseconds = downtimeLimitMilliseconds
        self.timeLimitSeconds = timeLimitSeconds
        self.experience = experience
    }
}

/// What migrations between two hosts have shown: how fast memory goes when nothing holds it back, and what halting a
/// guest costs besides. Learned from the difference between forecast and figures, recent ones counting more.
public struct MigrationExperience: Hashable, Codable, Sendable {
    /// How much the newest migration counts.
    private static let weight = 0.3
    /// A remainder from which on the network shows in the downtime. What is left of a smaller one is mostly what the guest
    /// wrote at the end, which is foretold too badly to reckon a speed from.
    private static let telling = Bytes.mebibytes(16)
    /// A remainder up to which the downtime is what halting costs and little else.
    private static let nothing = Bytes.mebibytes(1)

    /// QEMU halts a guest at the end of one of its steps of 100 ms; less than half of one apart is the same, in
    /// milliseconds.
    private static let sameMoment = 50

    /// What the network takes of one stream when nothing holds it back, in bytes a second.
    public private(set) var network: Double
    /// What it takes of memory that the guest wrote just before, which is still in the processors' caches, in bytes a
    /// second.
    public private(set) var rewritten: Double
    /// What halting, device state and going on cost besides memory, in milliseconds.
    public private(set) var switchMilliseconds: Double
    /// What setting up costs before memory flows, in milliseconds.
    public private(set) var setupMilliseconds: Double
    /// What storage that both hosts see takes, in bytes a second.
    public private(set) var storage: Double
    /// By what share forecasts of the total time were off, either way, on average; `nil` before the first.
    public private(set) var totalError: Double?
    /// The same of downtimes: by what factor less one.
    public private(set) var downtimeError: Double?

    /// Before the first migration: one stream of a QEMU over 10 Gbit/s.
    public init() {
        network = 600 * 1_048_576
        rewritten = 1000 * 1_048_576
        switchMilliseconds = 4
        setupMilliseconds = 5
        storage = 400 * 1_048_576
    }

    /// Takes in how a migration ended that had been foretold.
    public mutating func learn(_ forecast: MigrationForecast, _ figures: MigrationFigures) {
        if let expected = forecast.totalMilliseconds {
            let error = Double(abs(expected - figures.totalMilliseconds)) / Double(max(1, figures.totalMilliseconds))
            totalError = totalError.map { mixed($0, error) } ?? error
        }
        guard let expected = forecast.downtimeMilliseconds, figures.wasPostCopied != true else { return }
        // A millisecond is as exact as QEMU counts.
        let (low, high) = (
            Double(min(expected, figures.downtimeMilliseconds)), Double(max(expected, figures.downtimeMilliseconds))
        )
        let error = (high + 1) / (low + 1) - 1
        downtimeError = downtimeError.map { mixed($0, error) } ?? error
        // Where the guest was halted at another moment than foretold, more or less was left than foretold, and nobody
        // can say how much: that tells nothing of the network.
        guard let total = forecast.totalMilliseconds,
            abs((total - expected) - (figures.totalMilliseconds - figures.downtimeMilliseconds)) < Self.sameMoment
        else { return }
        // Half a millisecond more, as QEMU leaves out the rest.
        let downtime = Double(figures.downtimeMilliseconds) + 0.5
        let late = forecast.rewritten ?? .zero
        let cold = max(.zero, forecast.remainder - late)
        let flight = Double(cold.count) / network * 1000
        let lateFlight = Double(late.count) / rewritten * 1000
        let rest = max(0.5, downtime - switchMilliseconds)
        switch (cold >= Self.telling, cold <= Self.nothing, late >= Self.nothing) {
        case (true, _, _):
            network = learned(network, Double(cold.count) / max(0.5, rest - lateFlight) * 1000)
        case (_, true, true):
            rewritten = learned(rewritten, Double(late.count) / max(0.5, rest - flight) * 1000)
        case (_, true, false):
            switchMilliseconds = mixed(switchMilliseconds, max(1, downtime - flight - lateFlight))
        default: break
        }
    }

    /// A speed, of which one move never makes more than four times or less than a quarter.
    private func learned(_ old: Double, _ seen: Double) -> Double { mixed(old, min(max(seen, old / 4), old * 4)) }

    private func mixed(_ old: Double, _ new: Double) -> Double { old + Self.weight * (new - old) }
}
