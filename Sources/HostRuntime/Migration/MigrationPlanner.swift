import FleetModel

/// Chooses how a VM moves, from what is known of its guest, of both hosts and of what is allowed: pure.
///
/// The first of these that is expected to end with the guest halted no longer than allowed:
/// 1. pre-copy, over one stream or, where the network and not a limit holds it back, over several;
/// 2. post-copy, where it is allowed and both hosts can: it always ends, and loses the guest if a host fails meanwhile;
/// 3. pre-copy with the guest slowed down;
/// 4. quick migration, where it is allowed and both hosts share a folder: the guest is halted for all of it;
/// 5. pre-copy with the guest slowed down, in the hope that it ends all the same; it is called off in its time limit.
public struct MigrationPlanner: Sendable {
    /// What the choice rests on.
    public struct Situation: Hashable, Sendable {
        /// The guest's memory.
        public var memory: Bytes
        /// How the guest writes to it; `nil` where that was not looked at lately.
        public var survey: MemorySurvey?
        /// The host that it runs on; `nil` where its agent does not say what it can.
        public var source: HostCapabilities?
        /// The host that it goes to.
        public var destination: HostCapabilities?
        /// Limits of the fleet, and what migrations between these hosts have shown.
        public var conditions: MigrationConditions
        /// The fleet's limit of the stream in bytes a second; `nil` for none.
        public var bandwidthLimit: Bytes?
        /// Disks that move along, in all.
        public var disks: Bytes

        /// A situation.
        public init(
            memory: Bytes, survey: MemorySurvey?, source: HostCapabilities?, destination: HostCapabilities?,
            conditions: MigrationConditions, bandwidthLimit: Bytes? = nil, disks: Bytes = .zero
        ) {
            self.memory = memory
            self.survey = survey
            self.source = source
            self.destination = destination
            self.conditions = conditions
            self.bandwidthLimit = bandwidthLimit
            self.disks = disks
        }
    }

    /// For how long a migration is played through.
    private static let horizonSeconds = 4 * 3600
    /// From how much memory on several streams are worth their threads.
    private static let streamsFrom = Bytes.gibibytes(2)
    private static let streams = 4
    /// A network slower than this is worth packing pages for: zstd takes about that much on one processor.
    private static let packingBelow = Double(Bytes.mebibytes(200).count)

    private let situation: Situation
    private let policy: MigrationPolicy
    private let limit: Bytes?

    /// A planner of one move.
    public init(_ situation: Situation, _ policy: MigrationPolicy) {
        self.situation = situation
        self.policy = policy
        limit = [
            situation.bandwidthLimit, situation.source?.migrationBandwidth, situation.destination?.migrationBandwidth,
        ].compactMap { $0 }.min()
    }

    /// How to move. `wanted` is somebody's own choice, which is taken and only foretold.
    public func choose(_ wanted: MigrationMethod? = nil) -> ChosenMigration {
        if let wanted { return chosen(wanted, because: ["it was asked for"]) }
        guard situation.survey != nil else {
            return chosen(
                MigrationMethod(autoConverge: true),
                because: ["how the guest writes to its memory was not looked at yet, so it is slowed down if need be"])
        }
        let (plain, streamsReason) = preCopy()
        let plainForecast = forecast(plain)
        if isGood(plainForecast) { return chosen(plain, because: [streamsReason, "it is expected to converge"]) }
        var reasons = [why(plainForecast)]
        if policy.postCopy, canPostCopy {
            return chosen(
                MigrationMethod(postCopy: true),
                because: reasons + ["post-copy is allowed and ends whatever the guest writes"])
        }
        reasons.append(policy.postCopy ? "a host cannot do post-copy" : "post-copy is not allowed here")
        let slowed = MigrationMethod(autoConverge: true)
        if isGood(forecast(slowed)) {
            return chosen(slowed, because: reasons + ["with the guest slowed down it is expected to converge"])
        }
        if policy.quick, let folder = situation.source?.sharedFolder, folder == situation.destination?.sharedFolder {
            return chosen(
                MigrationMethod(kind: .quick),
                because: reasons + [
                    "even slowed down the guest is not expected to converge; it is halted, saved and restored"
                ])
        }
        return chosen(
            slowed,
            because: reasons + ["even slowed down it may not converge; it is called off in its time limit then"])
    }

    private var canPostCopy: Bool {
        situation.source?.canPostCopy == true && situation.destination?.canPostCopy == true
    }

    private func preCopy() -> (MigrationMethod, String) {
        let network = situation.conditions.experience.network
        let bandwidth = Double((limit ?? MigrationSetup.defaultBandwidth).count)
        guard bandwidth >= network, situation.memory >= Self.streamsFrom else {
            let what = bandwidth < network ? "the limit of its bandwidth" : "its small memory"
            return (MigrationMethod(), "with \(what) one stream is enough")
        }
        let packs = network < Self.packingBelow
        return (
            MigrationMethod(channels: Self.streams, compression: packs ? .zstd : .none),
            "one stream would not fill the bandwidth that it may have"
        )
    }

    private func isGood(_ forecast: MigrationForecast?) -> Bool {
        guard let downtime = forecast?.downtimeMilliseconds else { return false }
        return downtime <= situation.conditions.downtimeLimitMilliseconds
    }

    private func why(_ forecast: MigrationForecast?) -> String {
        guard let downtime = forecast?.downtimeMilliseconds else {
            return "pre-copy is not expected to end: the guest changes its memory faster than it can be sent"
        }
        return "pre-copy would halt the guest for \(downtime) ms, "
            + "and \(situation.conditions.downtimeLimitMilliseconds) ms are allowed"
    }

    private func forecast(_ method: MigrationMethod) -> MigrationForecast? {
        guard let survey = situation.survey else { return nil }
        var conditions = situation.conditions
        conditions.bandwidth = limit ?? MigrationSetup.defaultBandwidth
        conditions.timeLimitSeconds = Self.horizonSeconds
        var forecast = MigrationForecaster(memory: situation.memory, survey: survey, conditions: conditions)
            .forecast(method)
        // Disks go first, and as fast.
        forecast.totalMilliseconds = forecast.totalMilliseconds.map { $0 + Int(disksSeconds * 1000) }
        forecast.transferred = forecast.transferred + situation.disks
        return forecast
    }

    /// How many bytes go in a second at most.
    private var speed: Double {
        let limit = limit ?? MigrationSetup.defaultBandwidth
        return max(1, min(Double(limit.count), situation.conditions.experience.network))
    }

    private var disksSeconds: Double { Double(situation.disks.count) / speed }

    /// The time limit leaves a migration that goes as foretold twice the time; where nothing can be foretold, twice the
    /// time that all of the memory and of the disks takes.
    private func chosen(_ method: MigrationMethod, because reasons: [String]) -> ChosenMigration {
        let forecast = forecast(method)
        let once = Double(situation.memory.count) / speed + disksSeconds
        let expected = forecast?.totalMilliseconds.map { $0 / 500 } ?? Int(min(1e6, 2 * once))
        return ChosenMigration(
            method: method, forecast: forecast, bandwidthLimit: limit,
            timeLimitSeconds: max(situation.conditions.timeLimitSeconds, expected), reasons: reasons)
    }
}
