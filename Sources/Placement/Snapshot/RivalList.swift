/// Lists of numbers by number, one after the other in one array: no list is an allocation of its own.
struct FlatLists: Sendable {
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

/// The VMs that must not share a host with one, read where they are listed: asked for at every move that is tried, so
/// nothing is copied. A VM that is in two groups with it comes twice.
public struct RivalList: Sequence, Sendable {
    let members: FlatLists
    let groups: ArraySlice<Int32>
    let machine: Int32

    /// Whether the VM is in no such group.
    @inline(__always)
    public var isEmpty: Bool { groups.isEmpty }

    /// Goes through the VMs.
    public struct Iterator: IteratorProtocol {
        private let list: RivalList
        private var group: Int
        private var rest: ArraySlice<Int32> = []

        fileprivate init(_ list: RivalList) {
            self.list = list
            group = list.groups.startIndex
        }

        /// The next VM.
        public mutating func next() -> Int32? {
            while true {
                while let member = rest.popFirst() {
                    if member != list.machine { return member }
                }
                guard group < list.groups.endIndex else { return nil }
                rest = list.members[Int(list.groups[group])]
                group += 1
            }
        }
    }

    /// Goes through the VMs.
    public func makeIterator() -> Iterator { Iterator(self) }
}
