/// A placement problem in dense form: items with needs, bins with room, and where each item is now. What else matters
/// (rules, costs) comes from `PackingRules`. Amounts are whole units, so that sums are exact whatever their order.
public struct Packing: Sendable {
    /// Resources of each item and bin.
    public let resources: Int
    /// How many bins there are.
    public let bins: Int
    /// Needs, item by item.
    public let needs: [Int64]
    /// Room, bin by bin.
    public let room: [Int64]
    /// Where each item is at the start.
    public let homes: [Int32]
    /// By resource, whether an item that moves holds it at its home as well until the whole plan is done.
    public let isHeldWhileMoving: [Bool]
    /// What bins hold besides the items, bin by bin: never more moves in than what is left.
    public let background: [Int64]

    /// More cannot be added up without fear of an overflow.
    public static let largestAmount: Int64 = 1 << 45

    /// A problem whose figures were checked: sizes match, every home is a bin, no amount is negative or absurd.
    public init(
        resources: Int, needs: [Int64], room: [Int64], homes: [Int32], isHeldWhileMoving: [Bool],
        background: [Int64]? = nil
    ) throws(PackingError) {
        guard resources > 0, isHeldWhileMoving.count == resources else { throw .sizes("resources") }
        guard room.count.isMultiple(of: resources) else { throw .sizes("room of bins") }
        guard needs.count == homes.count * resources else { throw .sizes("needs of items") }
        bins = room.count / resources
        self.background = background ?? [Int64](repeating: 0, count: room.count)
        guard self.background.count == room.count else { throw .sizes("background of bins") }
        let largest = Self.largestAmount
        let isAbsurd = { (amount: Int64) in amount < 0 || amount > largest }
        if let item = needs.firstIndex(where: isAbsurd) { throw .amount("needs", at: item, needs[item]) }
        if let bin = room.firstIndex(where: isAbsurd) { throw .amount("room", at: bin, room[bin]) }
        if let bin = self.background.firstIndex(where: isAbsurd) {
            throw .amount("background", at: bin, self.background[bin])
        }
        if let item = homes.firstIndex(where: { $0 < 0 || Int($0) >= room.count / resources }) {
            throw .home(item: item, Int(homes[item]))
        }
        self.resources = resources
        self.needs = needs
        self.room = room
        self.homes = homes
        self.isHeldWhileMoving = isHeldWhileMoving
    }

    /// How many items there are.
    public var items: Int { homes.count }
}

/// Why figures are no placement problem.
public enum PackingError: Error, Hashable, CustomStringConvertible {
    /// The lists do not fit together.
    case sizes(String)
    /// An amount is negative or absurd.
    case amount(String, at: Int, Int64)
    /// An item's home is no bin.
    case home(item: Int, Int)

    /// What is wrong, for a person.
    public var description: String {
        switch self {
        case .sizes(let what): "the lists do not fit together: \(what)"
        case .amount(let what, let place, let amount):
            "\(what)[\(place)] is \(amount), not 0 to \(Packing.largestAmount)"
        case .home(let item, let bin): "item \(item) is in bin \(bin), which does not exist"
        }
    }
}
