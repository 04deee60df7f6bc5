import Foundation

/// What became of a fleet under a policy.
public struct BalanceMeasures: Sendable, Hashable, Codable {
    /// Host-steps that were seen.
    public var hostSteps = 0.0
    /// Host-steps with more than 80 % of the processors wanted.
    public var over80 = 0.0
    /// Host-steps with more than 90 %.
    public var over90 = 0.0
    /// Host-steps with more than 100 %.
    public var over100 = 0.0
    /// The standard deviation of hosts' use, summed over steps.
    var deviationSum = 0.0
    var steps = 0.0
    /// Processor time that was wanted and not there, in hours of a logical processor.
    public var unservedHours = 0.0
    /// Moves begun.
    public var moves = 0
    /// Memory of the moves.
    var movedMebibytes: Int64 = 0
    /// Rules broken, counted anew at each step.
    public var violations = 0
    /// Steps at which the reserve was not proved.
    public var reserveViolations = 0
    /// The longest that a decision took, in milliseconds.
    public var worstDecisionMilliseconds = 0.0

    /// Mean over steps of the standard deviation of hosts' use.
    public var deviation: Double { steps > 0 ? deviationSum / steps : 0 }
    /// Memory of the moves in GiB.
    public var movedGibibytes: Double { Double(movedMebibytes) / 1024 }

    mutating func add(_ shares: [Double], processors: [Int64]) {
        steps += 1
        hostSteps += Double(shares.count)
        over80 += Double(shares.count { $0 > 0.8 })
        over90 += Double(shares.count { $0 > 0.9 })
        over100 += Double(shares.count { $0 > 1 })
        let mean = shares.reduce(0, +) / Double(shares.count)
        deviationSum += (shares.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(shares.count)).squareRoot()
        for (share, processor) in zip(shares, processors) where share > 1 {
            unservedHours += (share - 1) * Double(processor) / 1000 * BalanceScenario.stepSeconds / 3600
        }
    }
}
