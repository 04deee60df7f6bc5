extension DenseFleet {
    /// The failure domain of a host: one of its own where it has none.
    func domain(of host: Int) -> Int32 { domains[host] >= 0 ? domains[host] : -1 - Int32(host) }

    /// Whether a spread keeps the VM off the host, with VMs at `places`; with another member of its group on its way,
    /// none may go.
    func breaksSpread(_ machine: Int, on host: Int, _ places: (Int) -> Int, isUnderWay: (Int) -> Bool) -> Bool {
        guard let own = spreadsOf[Int32(machine)] else { return false }
        for number in own {
            let spread = spreads[Int(number)]
            var now: Set<Int32> = []
            let target = domain(of: host)
            var then: Set<Int32> = [target]
            var crowd = 1
            for member in spread.members {
                now.insert(domain(of: places(Int(member))))
                if Int(member) == machine { continue }
                if isUnderWay(Int(member)) { return true }
                let other = domain(of: places(Int(member)))
                then.insert(other)
                if other == target { crowd += 1 }
            }
            if crowd > spread.most { return true }
            if then.count < min(now.count, spread.domains) { return true }
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

    /// The fleet with moves under way: each moved VM is held at its destination as well, by a VM of its own that is
    /// subject to the same rules.
    func holding(_ moves: [DenseMove]) -> DenseFleet {
        let resources = hardResources
        let hosts = (0..<hosts).map { host in
            Host(
                processor: processors[host], room: Array(room[(host * resources)..<((host + 1) * resources)]),
                isOpen: isOpen[host], isLost: isLost[host], domain: domains[host], ownLoad: ownLoads[host])
        }
        var all = (0..<machines).map { Self.machine($0, of: self, on: Int(places[$0])) }
        var groups = apart.map { $0.map(Int.init) }
        for move in moves {
            for group in self.groups[Int32(move.machine)] ?? [] { groups[Int(group)].append(all.count) }
            all.append(Self.machine(move.machine, of: self, on: move.to))
        }
        return DenseFleet(hosts: hosts, machines: all, apart: groups, reserveResources: reserveResources)
    }

    private static func machine(_ number: Int, of fleet: DenseFleet, on host: Int) -> Machine {
        let resources = fleet.hardResources
        var machine = Machine(
            host: host, needs: Array(fleet.needs[(number * resources)..<((number + 1) * resources)]),
            load: fleet.loads[number], variance: fleet.variances[number], isMovable: fleet.isMovable[number],
            allowed: fleet.mask[number] < 0 ? nil : (0..<fleet.hosts).filter { fleet.allows(number, on: $0) })
        machine.isRestarted = fleet.isRestarted[number]
        return machine
    }
}
