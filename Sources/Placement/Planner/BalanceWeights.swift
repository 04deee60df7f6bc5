/// What is good and what is bad about a balanced fleet, in one scale. A host whose load is expected to be u of its
/// processors, give or take s, costs
///
///     overload x E[(load - limit)+] + saturation x E[(load - 1)+] + imbalance x (u - mean)^2
///
/// with the load taken as normally distributed, and each move costs `move`, and `moveMemory` for each GiB.
public struct BalanceWeights: Sendable, Hashable, Codable {
    /// Above this share of its processors a host is overloaded.
    public var limit = 0.8
    /// Weight of the share that is expected above `limit`.
    public var overload = 4.0
    /// Weight of the share that is expected above the whole host.
    public var saturation = 20.0
    /// Weight of the squared distance from the fleet's mean.
    public var imbalance = 3.0
    /// What a move must be worth.
    public var move = 0.048
    /// What each GiB of a move must be worth beyond that.
    public var moveMemory = 0.0002
    /// Highest expected share of a host that a VM comes to.
    public var ceiling = 0.9

    /// The usual weights.
    public init() {}

    /// The time over which a move of the usual price pays, in seconds.
    static let usualWindow = 43_200.0

    /// The weights of an aggressiveness of 1 (only what is badly needed) to 5 (whatever helps at all), for a plan that
    /// should hold for `window`: what a move saves it saves all that time, so that over half of it it must save twice as
    /// much.
    public init(aggressiveness: Int, window: Duration = .seconds(43_200)) {
        let level = min(5, max(1, aggressiveness))
        let seconds = Double(max(60, window.components.seconds))
        let price = [4.0, 2.0, 1.0, 0.5, 0.25][level - 1] * Self.usualWindow / seconds
        move *= price
        moveMemory *= price
    }
}
