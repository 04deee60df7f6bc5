/// Judges an assignment from the instance alone, by the problem's text and without the solver: what it costs, or what
/// it breaks.
struct RoadefCheck {
    let instance: RoadefInstance

    /// The first thing that is broken, for a person; `nil` for a feasible assignment.
    func violation(of assignment: [Int32]) -> String? {
        guard assignment.count == instance.processes else { return "\(assignment.count) processes" }
        if let bad = assignment.first(where: { $0 < 0 || $0 >= instance.machines }) { return "machine \(bad)" }
        return capacityViolation(assignment) ?? conflict(assignment) ?? spreadViolation(assignment)
            ?? dependencyViolation(assignment)
    }

    private func capacityViolation(_ assignment: [Int32]) -> String? {
        let resources = instance.resources
        var use = [Int64](repeating: 0, count: instance.capacities.count)
        for process in 0..<instance.processes {
            let new = Int(assignment[process])
            let old = Int(instance.start[process])
            for resource in 0..<resources {
                let need = instance.requirements[process * resources + resource]
                use[new * resources + resource] += need
                if instance.isTransient[resource], new != old { use[old * resources + resource] += need }
            }
        }
        let place = use.indices.first { use[$0] > instance.capacities[$0] }
        return place.map { "machine \($0 / resources) has too little of resource \($0 % resources)" }
    }

    private func conflict(_ assignment: [Int32]) -> String? {
        var seen: Set<[Int32]> = []
        for process in 0..<instance.processes {
            let pair = [instance.services[process], assignment[process]]
            guard seen.insert(pair).inserted else { return "two processes of service \(pair[0]) on machine \(pair[1])" }
        }
        return nil
    }

    private func spreadViolation(_ assignment: [Int32]) -> String? {
        var locations = [Set<Int32>](repeating: [], count: instance.spreadMinimums.count)
        for process in 0..<instance.processes {
            locations[Int(instance.services[process])].insert(instance.locations[Int(assignment[process])])
        }
        let service = locations.indices.first { locations[$0].count < Int(instance.spreadMinimums[$0]) }
        return service.map { "service \($0) is in \(locations[$0].count) locations" }
    }

    private func dependencyViolation(_ assignment: [Int32]) -> String? {
        var places = [Set<Int32>](repeating: [], count: instance.spreadMinimums.count)
        for process in 0..<instance.processes {
            places[Int(instance.services[process])].insert(instance.neighbourhoods[Int(assignment[process])])
        }
        for (service, needed) in instance.dependencies.enumerated() {
            for other in needed where !places[service].isSubset(of: places[Int(other)]) {
                return "service \(service) runs in a neighbourhood without service \(other)"
            }
        }
        return nil
    }

    /// The cost of an assignment of the right size.
    func cost(of assignment: [Int32]) -> Int64 {
        let resources = instance.resources
        var use = [Int64](repeating: 0, count: instance.capacities.count)
        var cost: Int64 = 0
        var movedByService = [Int64](repeating: 0, count: instance.spreadMinimums.count)
        for process in 0..<instance.processes {
            let new = Int(assignment[process])
            let old = Int(instance.start[process])
            for resource in 0..<resources {
                use[new * resources + resource] += instance.requirements[process * resources + resource]
            }
            guard new != old else { continue }
            cost += instance.processWeight * instance.processMoveCosts[process]
            cost += instance.machineWeight * instance.machineMoveCosts[old * instance.machines + new]
            movedByService[Int(instance.services[process])] += 1
        }
        cost += instance.serviceWeight * (movedByService.max() ?? 0)
        for place in use.indices {
            cost += instance.loadWeights[place % resources] * max(0, use[place] - instance.safetyCapacities[place])
        }
        for balance in instance.balances {
            for machine in 0..<instance.machines {
                let free = { (resource: Int) in
                    instance.capacities[machine * resources + resource] - use[machine * resources + resource]
                }
                cost += balance.weight * max(0, balance.target * free(balance.first) - free(balance.second))
            }
        }
        return cost
    }
}
