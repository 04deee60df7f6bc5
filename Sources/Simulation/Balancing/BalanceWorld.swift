import Placement

/// The fleet of a balancing benchmark while it runs: where VMs are, what moves, what a policy may see and do.
struct BalanceWorld {
    let scenario: BalanceScenario
    private(set) var step = 0
    /// Where each VM is, by the planner's books.
    private(set) var fleet: DenseFleet
    private(set) var reserve: ReserveLedger
    /// What each VM wants at this step.
    private(set) var demands: [Int64]
    /// What each host carries at this step, the cost of moves under way included.
    private(set) var loads: [Int64]
    private(set) var members: [[Int]]
    private(set) var movedLast: [Int?]
    /// By VM, where its move goes, under way or waiting; -1 for none.
    private var goals: [Int32]
    private var free: [Int64]
    private var waiting: [DenseMove] = []
    private var underWay: [(move: DenseMove, end: Double)] = []
    private var busy: [Int]
    private(set) var measures = BalanceMeasures()

    init(_ scenario: BalanceScenario) {
        self.scenario = scenario
        fleet = scenario.fleet()
        reserve = ReserveLedger(fleet)
        demands = Array(repeating: 0, count: scenario.start.count)
        loads = Array(repeating: 0, count: scenario.processors.count)
        members = Array(repeating: [], count: scenario.processors.count)
        movedLast = Array(repeating: nil, count: scenario.start.count)
        goals = Array(repeating: -1, count: scenario.start.count)
        free = scenario.memory
        busy = Array(repeating: 0, count: scenario.processors.count)
        for (machine, host) in scenario.start.enumerated() {
            members[host].append(machine)
            free[host] -= scenario.machineMemory[machine]
        }
        look()
    }

    // MARK: What a policy sees

    func share(of host: Int) -> Double { Double(loads[host]) / Double(scenario.processors[host]) }

    func share(of host: Int, with change: Int64) -> Double {
        Double(loads[host] + change) / Double(scenario.processors[host])
    }

    /// Free memory in MiB, after all that is held by moves.
    func free(of host: Int) -> Int64 { free[host] }

    /// Whether rules, memory and moves under way let the VM go to the host. The reserve is looked at by `start`.
    func allows(_ machine: Int, to host: Int) -> Bool {
        let from = Int(fleet.places[machine])
        guard from != host, fleet.isMovable[machine], free[host] >= scenario.machineMemory[machine],
            !fleet.isPaired(machine), !isMoving(machine)
        else { return false }
        return !fleet.hasRival(of: machine) { fleet.places[$0] == Int32(host) || destination(of: $0) == host }
    }

    func isMoving(_ machine: Int) -> Bool { destination(of: machine) != nil }

    private func destination(of machine: Int) -> Int? {
        goals[machine] < 0 ? nil : Int(goals[machine])
    }

    // MARK: What a policy does

    /// Lets a policy use the ledger in which it plans.
    mutating func plan(_ body: (DenseFleet, inout ReserveLedger?) -> [DenseMove]) {
        var ledger: ReserveLedger? = reserve
        let moves = body(fleet, &ledger)
        if let ledger { reserve = ledger }
        for move in moves { enqueue(move) }
    }

    /// Starts a move if rules, memory and the reserve allow it.
    mutating func start(_ machine: Int, to host: Int) -> Bool {
        guard allows(machine, to: host), reserve.arrive(machine, on: host) else { return false }
        enqueue(DenseMove(machine: machine, from: Int(fleet.places[machine]), to: host))
        return true
    }

    private mutating func enqueue(_ move: DenseMove) {
        waiting.append(move)
        goals[move.machine] = Int32(move.to)
        free[move.to] -= scenario.machineMemory[move.machine]
        loads[move.from] -= demands[move.machine]
        loads[move.to] += demands[move.machine]
        members[move.from].removeAll { $0 == move.machine }
        members[move.to].append(move.machine)
        movedLast[move.machine] = step
        measures.moves += 1
        measures.movedMebibytes += scenario.machineMemory[move.machine]
    }

    mutating func expect(_ load: Int64, variance: Int64, of machine: Int) {
        fleet.expect(load, variance: variance, of: machine)
    }

    mutating func setMovable(_ machine: Int, _ isMovable: Bool) { fleet.isMovable[machine] = isMovable }

    // MARK: Time

    /// Carries moves out, two at a time a host, until the next step begins, and looks at the fleet then.
    mutating func advance() {
        var now = Double(step) * BalanceScenario.stepSeconds
        let end = now + BalanceScenario.stepSeconds
        while true {
            startWaiting(at: now)
            guard let next = underWay.indices.min(by: { underWay[$0].end < underWay[$1].end }),
                underWay[next].end <= end
            else { break }
            now = underWay[next].end
            finish(underWay.remove(at: next).move)
        }
        step += 1
        if step < scenario.steps { look() }
    }

    private mutating func startWaiting(at now: Double) {
        var left: [DenseMove] = []
        for move in waiting {
            if busy[move.from] < BalanceScenario.movesAtATime, busy[move.to] < BalanceScenario.movesAtATime {
                busy[move.from] += 1
                busy[move.to] += 1
                let seconds = Double(scenario.machineMemory[move.machine]) / BalanceScenario.copyMebibytesPerSecond
                underWay.append((move, now + seconds))
            } else {
                left.append(move)
            }
        }
        waiting = left
    }

    private mutating func finish(_ move: DenseMove) {
        busy[move.from] -= 1
        busy[move.to] -= 1
        free[move.from] += scenario.machineMemory[move.machine]
        goals[move.machine] = -1
        fleet.place(move.machine, on: move.to)
        reserve.depart(move.machine, from: move.from, nowOn: move.to)
    }

    /// Measures the fleet at the start of a step: a VM loads the host that it is still on.
    private mutating func look() {
        for host in loads.indices { loads[host] = 0 }
        for machine in demands.indices {
            demands[machine] = scenario.demand(of: machine, at: step)
            loads[Int(fleet.places[machine])] += demands[machine]
        }
        for (move, _) in underWay {
            let cost = Int64(Double(demands[move.machine]) * BalanceScenario.moveOverhead)
            loads[move.from] += cost
            loads[move.to] += cost
        }
        measures.add(loads.indices.map(share), processors: scenario.processors)
        measures.violations += ruleViolations()
        measures.reserveViolations += reserve.holds ? 0 : 1
        // From here on what is waiting counts where it goes: a policy does not plan it twice.
        for move in waiting + underWay.map(\.move) {
            loads[move.from] -= demands[move.machine]
            loads[move.to] += demands[move.machine]
        }
    }

    private func ruleViolations() -> Int {
        var count = 0
        for group in scenario.apart {
            let hosts = group.map { fleet.places[$0] }
            if Set(hosts).count < hosts.count { count += 1 }
        }
        for pair in scenario.together where Set(pair.map { fleet.places[$0] }).count > 1 { count += 1 }
        for machine in scenario.pinned where Int(fleet.places[machine]) != scenario.start[machine] { count += 1 }
        for host in free.indices where free[host] < 0 { count += 1 }
        return count
    }
}
