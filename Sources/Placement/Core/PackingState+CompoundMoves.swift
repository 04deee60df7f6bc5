/// Several moves as one, and what may be between them.
extension PackingState where Rules: ~Copyable {
    /// Whether the bin holds more than it has room for, as it may between two moves of a compound one.
    @inline(__always)
    public func isOverfull(_ bin: Int) -> Bool {
        for resource in 0..<resources where slack(of: bin, resource) < 0 { return true }
        return false
    }

    /// Lets two items change places, whatever holds them back: check first.
    @inline(__always)
    public mutating func swap(_ first: Int, _ second: Int) {
        let firstBin = bin(of: first)
        let secondBin = bin(of: second)
        move(first, to: secondBin)
        move(second, to: firstBin)
    }

    /// Puts every item where `assignment` says.
    public mutating func restore(_ assignment: borrowing Slab<Int32>) {
        for item in 0..<items where Int(assignment[item]) != bin(of: item) { move(item, to: Int(assignment[item])) }
    }
}
