/// Lists of numbers by number, one after the other in one array: no list is an allocation of its own, and
/// none ever changes.
struct NumberLists: Sendable {
    private let values: [Int32]
    /// Where each list begins, and where the last one ends.
    private let starts: [Int32]

    init(_ lists: [[Int32]]) {
        values = lists.flatMap(\.self)
        var starts: [Int32] = [0]
        starts.reserveCapacity(lists.count + 1)
        var end: Int32 = 0
        for list in lists {
            end += Int32(list.count)
            starts.append(end)
        }
        self.starts = starts
    }

    @inline(__always)
    subscript(number: Int) -> ArraySlice<Int32> { values[Int(starts[number])..<Int(starts[number + 1])] }

    @inline(__always)
    func isEmpty(_ number: Int) -> Bool { starts[number] == starts[number + 1] }
}
