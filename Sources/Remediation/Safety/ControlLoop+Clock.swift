import FleetModel

/// What a clock that was set does to the stamps of what happened.
extension ControlLoop {
    /// How long ago something was, without what the clock was set ahead since.
    func age(of time: Timestamp) -> Duration { clock.age(of: time, at: now) }

    /// That the server's clock was set back, and until when that matters; `nil` once it shows that time again.
    public var setBackText: String? {
        guard latest - now > settings.readingsAgeLimit else { return nil }
        return "the server's clock was set back by \((latest - now).text): policy does nothing by itself until it is "
            + "\(latest.text), or until the server is started again"
    }

    /// That the server's clock went ahead, or that the server slept, in this run of the server; `nil` where it did not. It
    /// matters as long as hosts are not measured.
    public var wentAheadText: String? {
        clock.wentAhead.map { leap in
            "the server's clock went ahead by \(leap.by.text) at \(leap.at.text): what hosts sample counts as old until "
                + "their clocks and the server's agree"
        }
    }

    /// What is stamped later than now, by a clock that was ahead or is behind now, counts as of now: brakes, waits and
    /// limits last as long as they are meant to, and not until that time has come. Hosts keep their stamps: they are heard
    /// of again in a moment.
    mutating func settleStamps(because reason: String) {
        var count = past.settle(at: now)
        for number in tips.keys where tips[number]?.settle(at: now) == true { count += 1 }
        for number in executions.keys {
            guard var execution = executions[number], execution.operation.created > now else { continue }
            execution.operation.created = now
            executions[number] = execution
            count += 1
        }
        for number in commands.keys { commands[number]?.issued.settle(at: now) }
        for number in plannings.keys { plannings[number]?.time.settle(at: now) }
        startedAt?.settle(at: now)
        movers.settle(at: now)
        guard count > 0 else { return }
        audit(
            Actor.evenkeel, "clock.set",
            "\(reason): \(count) tips and operations are stamped later than it is now, and count as of now")
    }
}

extension Timestamp {
    /// Becomes `time` where it is later.
    mutating func settle(at time: Timestamp) { self = min(self, time) }
}

/// Stamps as they were before they were taken for earlier ones.
struct LaterStamps: Sendable {
    /// When a tip changed last, and until when its finding stays quiet.
    typealias TipStamps = (updated: Timestamp, quietUntil: Timestamp?)
    /// When an operation began and ended.
    typealias OperationStamps = (created: Timestamp, ended: Timestamp?)

    var tips: [Int64: TipStamps] = [:]
    var operations: [Int64: OperationStamps] = [:]

    var isEmpty: Bool { tips.isEmpty && operations.isEmpty }
}
