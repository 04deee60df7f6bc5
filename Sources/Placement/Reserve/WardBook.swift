/// Who would have to start elsewhere when which set of hosts fails, and where: found by set, and by the host that would
/// take it in. Flat, since the proofs of a large fleet are otherwise a matter of memory's speed.
struct WardBook: Sendable {
    private var machines: [Int32] = []
    private var sets: [Int32] = []
    private(set) var refuges: [Int32] = []
    private var bySet: LinkedLists
    private var byRefuge: LinkedLists
    /// Numbers that are free again.
    private var spare: [Int32] = []

    /// Nobody yet, for so many sets of hosts.
    init(sets: Int, hosts: Int) {
        bySet = LinkedLists(lists: sets)
        byRefuge = LinkedLists(lists: hosts)
    }

    /// The VM of a ward.
    @inline(__always)
    func machine(_ ward: Int32) -> Int32 { machines[Int(ward)] }

    /// The set of hosts whose failure a ward is about.
    @inline(__always)
    func set(_ ward: Int32) -> Int { Int(sets[Int(ward)]) }

    /// The wards of a set, in the order in which they were put there.
    func wards(of set: Int) -> [Int32] { bySet.items(of: set) }

    /// The first ward of a set; negative where it has none.
    @inline(__always)
    func first(of set: Int) -> Int32 { bySet.first(of: set) }

    /// The ward after another one of the same set; negative where there is none.
    @inline(__always)
    func next(after ward: Int32) -> Int32 { bySet.next(after: ward) }

    /// Shows the wards that a host would take in to `body`.
    @inline(__always)
    func visitGuests(of host: Int, _ body: (Int32) -> Void) {
        var ward = byRefuge.first(of: host)
        while ward >= 0 {
            body(ward)
            ward = byRefuge.next(after: ward)
        }
    }

    /// The ward of a VM when a set fails; `nil` where it has none.
    func ward(of machine: Int, in set: Int) -> Int32? {
        var ward = bySet.first(of: set)
        while ward >= 0 {
            if machines[Int(ward)] == Int32(machine) { return ward }
            ward = bySet.next(after: ward)
        }
        return nil
    }

    /// The last ward of a set, from its head on, of those whose VMs are as `condition` says; negative where the first
    /// is not.
    func last(of set: Int, where condition: (Int32) -> Bool) -> Int32 {
        var last: Int32 = -1
        var ward = bySet.first(of: set)
        while ward >= 0, condition(machines[Int(ward)]) {
            last = ward
            ward = bySet.next(after: ward)
        }
        return last
    }

    /// There will be so many wards.
    mutating func reserve(_ count: Int) {
        machines.reserveCapacity(count)
        sets.reserveCapacity(count)
        refuges.reserveCapacity(count)
        bySet.reserve(count)
        byRefuge.reserve(count)
    }

    /// One more ward, which has no refuge yet: behind another one of its set, or before all where that is negative.
    @discardableResult
    mutating func add(_ machine: Int32, to set: Int, after before: Int32) -> Int32 {
        let ward: Int32
        if let free = spare.popLast() {
            ward = free
            machines[Int(ward)] = machine
            sets[Int(ward)] = Int32(set)
        } else {
            ward = Int32(machines.count)
            machines.append(machine)
            sets.append(Int32(set))
            refuges.append(FailurePacking.open)
            bySet.grow(to: machines.count)
            byRefuge.grow(to: machines.count)
        }
        bySet.insert(ward, into: set, after: before)
        return ward
    }

    /// A ward is none any more.
    mutating func remove(_ ward: Int32) {
        settle(ward, on: FailurePacking.open)
        bySet.remove(ward, from: set(ward))
        spare.append(ward)
    }

    /// Where a ward starts from now on.
    mutating func settle(_ ward: Int32, on refuge: Int32) {
        let old = refuges[Int(ward)]
        if old == refuge { return }
        if old >= 0 { byRefuge.remove(ward, from: Int(old)) }
        refuges[Int(ward)] = refuge
        if refuge >= 0 { byRefuge.insert(ward, into: Int(refuge)) }
    }
}
