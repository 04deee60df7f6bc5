import Placement

/// The constraints and costs of Google's machine reassignment problem that capacities do not cover, as a plug-in of the
/// solver core: conflict, spread, dependencies; load, balance and move costs.
struct RoadefRules: PackingRules, ~Copyable {
    private let resources: Int
    private let machines: Int
    private let neighbourhoodCount: Int
    private let locationCount: Int
    private let loadWeights: Slab<Int64>
    private let capacities: Slab<Int64>
    private let safety: Slab<Int64>
    private let balances: Slab<RoadefInstance.Balance>
    private let service: Slab<Int32>
    private let neighbourhood: Slab<Int32>
    private let location: Slab<Int32>
    private let spreadMinimum: Slab<Int32>
    /// Services that a service needs, and those that need it: where its list starts, then all lists.
    private let needed: Adjacency
    private let neededBy: Adjacency
    private let home: Slab<Int32>
    private let processCost: Slab<Int64>
    private let machineCost: Slab<Int64>
    private let serviceWeight: Int64

    /// By service and machine, how many of its processes are there: one at most, except between the moves by which a
    /// placement is restored.
    private let presence: Slab<Int16>
    /// By service and location, and by service and neighbourhood, how many of its processes are there.
    private let inLocation: Slab<Int32>
    private let inNeighbourhood: Slab<Int32>
    /// By service, in how many locations it is, and how many of its processes are not at home.
    private let spread: Slab<Int32>
    private let away: Slab<Int32>
    /// By number, how many services have so many processes away.
    private let servicesAway: Slab<Int32>
    private var mostAway: Int32 = 0

    init(_ instance: RoadefInstance) {
        resources = instance.resources
        machines = instance.machines
        let services = instance.spreadMinimums.count
        neighbourhoodCount = Int(instance.neighbourhoods.max() ?? 0) + 1
        locationCount = Int(instance.locations.max() ?? 0) + 1
        loadWeights = Slab(instance.loadWeights)
        capacities = Slab(instance.capacities)
        safety = Slab(instance.safetyCapacities)
        balances = Slab(instance.balances)
        service = Slab(instance.services)
        neighbourhood = Slab(instance.neighbourhoods)
        location = Slab(instance.locations)
        spreadMinimum = Slab(instance.spreadMinimums)
        needed = Adjacency(instance.dependencies)
        neededBy = Adjacency(Self.reversed(instance.dependencies))
        home = Slab(instance.start)
        processCost = Slab(instance.processMoveCosts.map { $0 * instance.processWeight })
        machineCost = Slab(instance.machineMoveCosts.map { $0 * instance.machineWeight })
        serviceWeight = instance.serviceWeight
        presence = Slab(repeating: 0, count: services * machines)
        inLocation = Slab(repeating: 0, count: services * locationCount)
        inNeighbourhood = Slab(repeating: 0, count: services * neighbourhoodCount)
        spread = Slab(repeating: 0, count: services)
        away = Slab(repeating: 0, count: services)
        servicesAway = Slab(repeating: 0, count: instance.processes + 2)
        servicesAway[0] = Int32(services)
        for process in 0..<instance.processes { arrived(process, on: Int(home[process])) }
    }

    private static func reversed(_ dependencies: [[Int32]]) -> [[Int32]] {
        var users = [[Int32]](repeating: [], count: dependencies.count)
        for (service, needed) in dependencies.enumerated() {
            for other in needed { users[Int(other)].append(Int32(service)) }
        }
        return users
    }

    // MARK: Costs

    @inline(__always)
    func cost(ofBin machine: Int, holding load: LoadView) -> Int64 {
        var cost: Int64 = 0
        let start = machine &* resources
        for resource in 0..<resources {
            cost &+= max(0, load[resource] &- safety[start &+ resource]) &* loadWeights[resource]
        }
        for number in 0..<balances.count {
            let balance = balances[number]
            let first = capacities[start &+ balance.first] &- load[balance.first]
            let second = capacities[start &+ balance.second] &- load[balance.second]
            cost &+= balance.weight &* max(0, balance.target &* first &- second)
        }
        return cost
    }

    @inline(__always)
    private func moveCost(_ process: Int, on machine: Int) -> Int64 {
        let home = Int(home[process])
        return home == machine ? 0 : processCost[process] + machineCost[home * machines + machine]
    }

    /// 1 where the process leaves home, -1 where it comes back.
    @inline(__always)
    private func awayChange(_ process: Int, from: Int, to: Int) -> Int32 {
        let home = Int(home[process])
        return home == from ? 1 : home == to ? -1 : 0
    }

    @inline(__always)
    func costChange(of process: Int, from: Int, to: Int) -> Int64 {
        let change = moveCost(process, on: to) - moveCost(process, on: from)
        switch awayChange(process, from: from, to: to) {
        case 1: return change + (away[Int(service[process])] == mostAway ? serviceWeight : 0)
        case -1:
            let isOnlyOne = away[Int(service[process])] == mostAway && servicesAway[Int(mostAway)] == 1
            return change - (isOnlyOne ? serviceWeight : 0)
        default: return change
        }
    }

    @inline(__always)
    func costChangeOfSwap(_ first: Int, at firstBin: Int, _ second: Int, at secondBin: Int) -> Int64 {
        let change =
            moveCost(first, on: secondBin) - moveCost(first, on: firstBin) + moveCost(second, on: firstBin)
            - moveCost(second, on: secondBin)
        let one = awayChange(first, from: firstBin, to: secondBin)
        let other = awayChange(second, from: secondBin, to: firstBin)
        if one == 0 && other == 0 { return change }
        if service[first] == service[second] { return change + serviceChange(Int(service[first]), by: one + other) }
        let before = (away[Int(service[first])], away[Int(service[second])])
        let atTop: Int32 = (before.0 == mostAway ? 1 : 0) + (before.1 == mostAway ? 1 : 0)
        let others: Int32 = servicesAway[Int(mostAway)] > atTop ? mostAway : mostAway - 1
        let after = max(others, before.0 + one, before.1 + other)
        return change + Int64(after - mostAway) * serviceWeight
    }

    /// What it costs that so many more of one service's processes are away.
    private func serviceChange(_ own: Int, by change: Int32) -> Int64 {
        let after = away[own] + change
        if change >= 0 || away[own] < mostAway || servicesAway[Int(mostAway)] > 1 {
            return Int64(max(0, after - mostAway)) * serviceWeight
        }
        let isNextTaken = servicesAway[Int(mostAway - 1)] > 0
        return Int64((isNextTaken ? mostAway - 1 : after) - mostAway) * serviceWeight
    }

    // MARK: Constraints

    @inline(__always)
    func allows(_ process: Int, from: Int, to: Int) -> Bool {
        let own = Int(service[process])
        if presence[own * machines + to] != 0 { return false }
        return allowsLocation(own, from: from, to: to) && allowsNeighbourhood(own, from: from, to: to)
    }

    @inline(__always)
    private func allowsLocation(_ own: Int, from: Int, to: Int) -> Bool {
        let left = Int(location[from])
        let entered = Int(location[to])
        if left == entered { return true }
        let lost: Int32 = inLocation[own * locationCount + left] == 1 ? 1 : 0
        let won: Int32 = inLocation[own * locationCount + entered] == 0 ? 1 : 0
        return spread[own] - lost + won >= spreadMinimum[own]
    }

    @inline(__always)
    private func allowsNeighbourhood(_ own: Int, from: Int, to: Int) -> Bool {
        let left = Int(neighbourhood[from])
        let entered = Int(neighbourhood[to])
        if left == entered { return true }
        for other in needed.range(own) {
            let needed = Int(needed.list[other])
            if inNeighbourhood[needed * neighbourhoodCount + entered] == 0 && needed != own { return false }
        }
        if inNeighbourhood[own * neighbourhoodCount + left] > 1 { return true }
        for other in neededBy.range(own) {
            let user = Int(neededBy.list[other])
            if inNeighbourhood[user * neighbourhoodCount + left] > 0 && user != own { return false }
        }
        return true
    }

    @inline(__always)
    func allowsSwap(_ first: Int, at firstBin: Int, _ second: Int, at secondBin: Int) -> Bool {
        let one = Int(service[first])
        let other = Int(service[second])
        // Processes of one service can stand in for each other: the service stays where it was.
        if one == other { return true }
        if presence[one * machines + secondBin] != 0 || presence[other * machines + firstBin] != 0 { return false }
        guard allowsLocation(one, from: firstBin, to: secondBin), allowsLocation(other, from: secondBin, to: firstBin)
        else { return false }
        let left = Int(neighbourhood[firstBin])
        let entered = Int(neighbourhood[secondBin])
        if left == entered { return true }
        return allows(one, enters: entered, leaves: left, asWith: other)
            && allows(other, enters: left, leaves: entered, asWith: one)
    }

    /// Whether a service may go from one neighbourhood to another while another service goes the opposite way.
    private func allows(_ own: Int, enters: Int, leaves: Int, asWith other: Int) -> Bool {
        for place in needed.range(own) {
            let needed = Int(needed.list[place])
            let leaving: Int32 = needed == other ? 1 : 0
            if needed != own && inNeighbourhood[needed * neighbourhoodCount + enters] <= leaving { return false }
        }
        if inNeighbourhood[own * neighbourhoodCount + leaves] > 1 { return true }
        for place in neededBy.range(own) {
            let user = Int(neededBy.list[place])
            let entering: Int32 = user == other ? 1 : 0
            if user != own && inNeighbourhood[user * neighbourhoodCount + leaves] + entering > 0 { return false }
        }
        return true
    }

    // MARK: Moves

    @inline(__always)
    mutating func moved(_ process: Int, from: Int, to: Int) {
        let own = Int(service[process])
        presence[own * machines + from] -= 1
        let place = own * locationCount + Int(location[from])
        inLocation[place] -= 1
        if inLocation[place] == 0 { spread[own] -= 1 }
        inNeighbourhood[own * neighbourhoodCount + Int(neighbourhood[from])] -= 1
        arrived(process, on: to)
        let change = awayChange(process, from: from, to: to)
        if change != 0 { count(own, change) }
    }

    @inline(__always)
    private func arrived(_ process: Int, on machine: Int) {
        let own = Int(service[process])
        presence[own * machines + machine] += 1
        let place = own * locationCount + Int(location[machine])
        if inLocation[place] == 0 { spread[own] += 1 }
        inLocation[place] += 1
        inNeighbourhood[own * neighbourhoodCount + Int(neighbourhood[machine])] += 1
    }

    @inline(__always)
    private mutating func count(_ own: Int, _ change: Int32) {
        servicesAway[Int(away[own])] -= 1
        away[own] += change
        servicesAway[Int(away[own])] += 1
        if away[own] > mostAway { mostAway = away[own] }
        if servicesAway[Int(mostAway)] == 0 { mostAway -= 1 }
    }
}

/// Lists by number, one after the other in one block.
struct Adjacency: ~Copyable {
    let list: Slab<Int32>
    private let starts: Slab<Int32>

    init(_ lists: [[Int32]]) {
        list = Slab(lists.flatMap(\.self))
        var starts: [Int32] = [0]
        for list in lists { starts.append((starts.last ?? 0) + Int32(list.count)) }
        self.starts = Slab(starts)
    }

    @inline(__always)
    func range(_ number: Int) -> Range<Int> { Int(starts[number])..<Int(starts[number + 1]) }
}
