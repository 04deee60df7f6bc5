/// Packs the VMs of one failure by trying, where the quick way finds nothing: depth first, the largest first, each where
/// it just fits.
///
/// Nothing is tried twice that is the same but for names: of equal VMs the later one goes no further to the front than
/// the earlier one, of equal hosts that take nothing in yet only the first is tried. What cannot come to anything since the VMs
/// that are left need more than there is room for is cut. So a search that ends within its steps has tried everything.
struct FailureSearch {
    /// Hosts that are looked at before the search is given up; counted, so that the answer is the same on every machine.
    var steps: Int
    /// Whether it ran out of steps.
    private(set) var isCut = false
    /// Whether hosts with the most room are tried first, and not those where a VM just fits.
    var isWide = false

    private let field: FailureField
    /// Which host each unit that is placed has, as an index of the field's hosts; past the last for one that is lost.
    private var chosen: [Int] = []
    /// How many units each of the field's hosts takes in.
    private var guests: [Int]
    /// By kind of host, the last node at which one of it was tried.
    private var seen: [Int]
    private var node = 0
    /// The best packing so far, what it leaves out, and whether any may be left out.
    private var best: (refuges: [Int32], cost: Int64)?
    private var mayLose = false

    /// A search that looks at so many hosts.
    init(_ field: FailureField, steps: Int) {
        self.field = field
        self.steps = steps
        seen = Array(repeating: 0, count: field.kinds)
        guests = Array(repeating: 0, count: field.hosts.count)
    }

    /// Finds hosts for all of the field's units; `false` where there are none, or, if `isCut`, none were found.
    mutating func packAll(_ packing: inout FailurePacking, _ holdings: Holdings) -> Bool {
        mayLose = false
        best = nil
        extend(0, cost: 0, &packing, holdings)
        guard let best else { return false }
        packing.adopt(best.refuges, holdings)
        return true
    }

    /// Leaves out as little as it can, by the first resource: less than the packing does as it is, which keeps what it has
    /// otherwise.
    mutating func packMost(_ packing: inout FailurePacking, _ holdings: Holdings) {
        let start = packing.refuges
        let cost = field.units.reduce(0) { sum, unit in
            sum + (start[unit.places[0]] == FailurePacking.lost ? unit.cost : 0)
        }
        for place in field.units.lazy.flatMap(\.places) { packing.release(place, holdings) }
        mayLose = true
        best = (start, cost)
        extend(0, cost: 0, &packing, holdings)
        packing.adopt(best?.refuges ?? start, holdings)
    }

    /// Places one unit after the other; `true` where nothing better is to be had.
    @discardableResult
    private mutating func extend(
        _ depth: Int, cost: Int64, _ packing: inout FailurePacking, _ holdings: Holdings
    ) -> Bool {
        if depth == field.units.count {
            best = (packing.refuges, cost)
            return cost == 0
        }
        guard steps > 0 else {
            isCut = true
            return true
        }
        let unit = field.units[depth]
        let first = depth > 0 && unit.isLikeLast ? chosen[depth - 1] : 0
        guard let hosts = hosts(for: depth, from: first, cost: cost, packing, holdings) else { return false }
        for index in hosts where packing.assignAll(unit.places, to: Int(field.hosts[index]), holdings) {
            chosen.append(index)
            guests[index] += 1
            let isDone = extend(depth + 1, cost: cost, &packing, holdings)
            guests[index] -= 1
            chosen.removeLast()
            for place in unit.places { packing.release(place, holdings) }
            if isDone { return true }
        }
        return mayLose && lose(depth, cost: cost + unit.cost, &packing, holdings)
    }

    private mutating func lose(
        _ depth: Int, cost: Int64, _ packing: inout FailurePacking, _ holdings: Holdings
    ) -> Bool {
        guard cost < best?.cost ?? .max else { return false }
        let unit = field.units[depth]
        for place in unit.places { packing.release(place, holdings, as: FailurePacking.lost) }
        defer { for place in unit.places { packing.release(place, holdings) } }
        let isBearable = unit.places.allSatisfy {
            packing.spreadsHold(for: Int(packing.wards[$0]), on: -1, holdings)
        }
        guard isBearable else { return false }
        chosen.append(field.hosts.count)
        defer { chosen.removeLast() }
        return extend(depth + 1, cost: cost, &packing, holdings)
    }

    /// The hosts to try for a unit, the most promising first; `nil` where the units that are left cannot end better than
    /// the best so far.
    private mutating func hosts(
        for depth: Int, from first: Int, cost: Int64, _ packing: FailurePacking, _ holdings: Holdings
    ) -> [Int]? {
        steps -= field.hosts.count + 1
        node += 1
        let resources = holdings.resources
        var room = [Int64](repeating: 0, count: resources)
        var found: [(slack: Double, index: Int)] = []
        for index in field.hosts.indices {
            let host = Int(field.hosts[index])
            var isUsable = true
            for resource in 0..<resources
            where packing.left(resource, on: host, holdings) < max(0, field.least[depth * resources + resource]) {
                isUsable = false
            }
            guard isUsable else { continue }
            for resource in 0..<resources { room[resource] += packing.left(resource, on: host, holdings) }
            guard index >= first, field.isAble[depth * field.hosts.count + index] else { continue }
            if guests[index] == 0 {
                if seen[field.kind[index]] == node { continue }
                seen[field.kind[index]] = node
            }
            found.append((field.slack(of: host, packing, holdings), index))
        }
        for resource in 0..<resources {
            let lacking = field.needed[depth * resources + resource] - room[resource]
            if lacking <= 0 { continue }
            if !mayLose || resource == 0 && cost + lacking >= best?.cost ?? .max { return nil }
        }
        found.sort { $0.slack == $1.slack ? $0.index < $1.index : ($0.slack < $1.slack) != isWide }
        return found.map(\.index)
    }
}
