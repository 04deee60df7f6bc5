/// Lists of numbered items in flat storage: an item is in one list at most, and comes and goes in no time.
struct LinkedLists: Sendable {
    private var heads: [Int32]
    private var following: [Int32] = []
    private var preceding: [Int32] = []

    /// So many lists, empty.
    init(lists: Int) { heads = Array(repeating: -1, count: lists) }

    /// The first item of a list; negative where there is none.
    @inline(__always)
    func first(of list: Int) -> Int32 { heads[list] }

    /// The item after another one of the same list; negative where there is none.
    @inline(__always)
    func next(after item: Int32) -> Int32 { following[Int(item)] }

    /// The items of a list.
    func items(of list: Int) -> [Int32] {
        var found: [Int32] = []
        var item = heads[list]
        while item >= 0 {
            found.append(item)
            item = following[Int(item)]
        }
        return found
    }

    /// There will be so many items.
    mutating func reserve(_ count: Int) {
        following.reserveCapacity(count)
        preceding.reserveCapacity(count)
    }

    /// There are so many items from now on.
    mutating func grow(to count: Int) {
        while following.count < count {
            following.append(-1)
            preceding.append(-1)
        }
    }

    /// Puts an item that is in no list into one: behind another of its items, or at its head where that is negative.
    mutating func insert(_ item: Int32, into list: Int, after before: Int32 = -1) {
        let after = before >= 0 ? following[Int(before)] : heads[list]
        following[Int(item)] = after
        preceding[Int(item)] = before
        if after >= 0 { preceding[Int(after)] = item }
        if before >= 0 { following[Int(before)] = item } else { heads[list] = item }
    }

    /// Takes an item out of the list that it is in.
    mutating func remove(_ item: Int32, from list: Int) {
        let before = preceding[Int(item)]
        let after = following[Int(item)]
        if before >= 0 { following[Int(before)] = after } else { heads[list] = after }
        if after >= 0 { preceding[Int(after)] = before }
    }
}
