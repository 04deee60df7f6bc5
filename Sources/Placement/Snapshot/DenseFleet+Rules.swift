extension DenseFleet {
    /// The failure domain of a host: one of its own where it has none.
    func domain(of host: Int) -> Int32 { domains[host] >= 0 ? domains[host] : -1 - Int32(host) }

    /// Whether a spread keeps the VM off the host, with VMs at `places`. Those that are on their way have a `target`, too:
    /// whichever of them arrive, the spread holds as well as it did.
    func breaksSpread(_ machine: Int, on host: Int, _ places: (Int) -> Int, target: (Int) -> Int?) -> Bool {
        guard let own = spreadsOf[Int32(machine)] else { return false }
        for number in own {
            let spread = spreads[Int(number)]
            var now: Set<Int32> = []
            let there = domain(of: host)
            var others: [Set<Int32>] = [[there]]
            var crowd = 1
            for member in spread.members {
                let place = domain(of: places(Int(member)))
                now.insert(place)
                if Int(member) == machine { continue }
                var choices: Set<Int32> = [place]
                if let end = target(Int(member)) { choices.insert(domain(of: end)) }
                if choices.contains(there) { crowd += 1 }
                others.append(choices)
            }
            if crowd > spread.most { return true }
            if SpreadCount.fewest(others) < min(now.count, spread.domains) { return true }
        }
        return false
    }

    /// What of the VM's wishes its being on the host leaves open, by weight.
    func discomfort(of machine: Int, on host: Int, _ places: (Int) -> Int) -> Double {
        guard let own = wishes[Int32(machine)] else { return 0 }
        return own.reduce(0) { sum, wish in
            switch wish.kind {
            case .apart(let others): sum + wish.weight * Double(others.count { places(Int($0)) == host })
            case .together(let others): sum + wish.weight * Double(others.count { places(Int($0)) != host })
            case .hosts(let hosts): sum + (hosts.contains(Int32(host)) ? 0 : wish.weight)
            case .spread(let others):
                sum + wish.weight
                    * Double(others.count { domain(of: places(Int($0))) == domain(of: host) })
            }
        }
    }
}

/// How many failure domains a group is in.
enum SpreadCount {
    /// Of more VMs that are on their way, or in two places, not every outcome is tried: they count for nothing.
    static let mostOpen = 8

    /// The fewest domains, where each VM ends up in one of those given for it.
    static func fewest<Domain: Hashable>(_ choices: [Set<Domain>]) -> Int {
        let certain = Set(choices.lazy.filter { $0.count == 1 }.joined())
        // What is certain takes in whoever can be there.
        let open = choices.filter { $0.count > 1 && $0.isDisjoint(with: certain) }
        return certain.count + (open.count > mostOpen ? 0 : fewest(open[...], [], .max))
    }

    private static func fewest<Domain: Hashable>(
        _ open: ArraySlice<Set<Domain>>, _ taken: Set<Domain>, _ best: Int
    ) -> Int {
        if taken.count >= best { return best }
        guard let next = open.first else { return taken.count }
        return next.reduce(best) { min($0, fewest(open.dropFirst(), taken.union([$1]), $0)) }
    }
}
