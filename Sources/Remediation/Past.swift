import FleetModel
import RulePacks

/// The newest tips and operations that have ended: what cool-downs, budgets and the breaker look back on.
struct Past: Sendable {
    /// Budgets of a day are counted here, so none may be larger (`LimitName`).
    static let capacity = 500

    private(set) var tips: [Int64: Tip] = [:]
    private(set) var operations: [Int64: FleetModel.Operation] = [:]
    /// Moves that succeeded and whose effect is not looked at yet.
    private var waiting: Set<Int64> = []
    /// Stamps later than now, of what counts as of an earlier time until then.
    private var later = LaterStamps()

    mutating func remember(_ tip: Tip) {
        tips[tip.number] = tip
        if tips.count > 2 * Self.capacity { tips = Self.newest(tips) }
    }

    mutating func remember(_ operation: FleetModel.Operation) {
        operations[operation.number] = operation
        if operation.state == .succeeded, operation.move != nil, operation.measured == nil {
            waiting.insert(operation.number)
        }
        guard operations.count > 3 * Self.capacity else { return }
        // However much is done to VMs by hand, moves are remembered: cool-downs and budgets rest on them.
        let moves = Self.newest(operations.filter { $0.value.move != nil })
        operations = Self.newest(operations.filter { $0.value.move == nil }).merging(moves) { first, _ in first }
    }

    /// Moves that succeeded and whose effect is to be looked at, by number.
    var unmeasured: [FleetModel.Operation] { waiting.sorted().compactMap { operations[$0] } }

    /// The effect of a move was looked at.
    mutating func measured(_ operation: FleetModel.Operation) {
        waiting.remove(operation.number)
        if operations[operation.number] != nil { operations[operation.number] = operation }
    }

    /// Takes what is stamped later than `time` for having happened then. Returns how much that is.
    mutating func settle(at time: Timestamp) -> Int {
        let (before, after) = (later, time)
        for (number, tip) in tips where tip.updated > after {
            later.tips[number] = before.tips[number] ?? (tip.updated, tip.quietUntil)
            tips[number]?.quietUntil = tip.quietUntil.map { $0 - (tip.updated - after) }
            tips[number]?.updated = after
        }
        for (number, operation) in operations where max(operation.created, operation.ended ?? after) > after {
            later.operations[number] = before.operations[number] ?? (operation.created, operation.ended)
            operations[number]?.created.settle(at: after)
            operations[number]?.ended?.settle(at: after)
        }
        return later.tips.count + later.operations.count - before.tips.count - before.operations.count
    }

    /// Gives stamps back whose time has come: the clock was behind, and is not any more.
    mutating func giveStampsBack(at time: Timestamp) {
        if later.isEmpty { return }
        for (number, stamps) in later.tips where stamps.updated <= time {
            later.tips[number] = nil
            tips[number]?.updated = stamps.updated
            tips[number]?.quietUntil = stamps.quietUntil
        }
        for (number, stamps) in later.operations where max(stamps.created, stamps.ended ?? time) <= time {
            later.operations[number] = nil
            operations[number]?.created = stamps.created
            operations[number]?.ended = stamps.ended
        }
    }

    /// Whether an operation that ended at `time` or later had to do with the VM on that host.
    func hasTouched(_ machine: VirtualMachineID, on host: HostName, since time: Timestamp) -> Bool {
        operations.values.contains { operation in
            operation.action.virtualMachine == machine && operation.touches(host) && operation.changedSomething
                && operation.ended.map { $0 >= time } == true
        }
    }

    private static func newest<Value>(_ values: [Int64: Value]) -> [Int64: Value] {
        let oldest = values.keys.sorted().dropLast(capacity).last ?? 0
        return values.filter { $0.key > oldest }
    }

    /// When anything that ended last on `host` ended: reports from before that do not show its result.
    func lastEnd(on host: HostName) -> Timestamp? {
        operations.values.filter { $0.touches(host) && $0.changedSomething }.compactMap(\.ended).max()
    }

    /// When the last operation of a tip ended; `nil` before the first did.
    func lastEnd(ofTip tip: Int64) -> Timestamp? {
        operations.values.filter { $0.tip == tip }.compactMap(\.ended).max()
    }

    /// When the last operation on a VM ended, in whatever way: reports from before that do not show where it is.
    func lastEnd(of machine: VirtualMachineID) -> Timestamp? {
        operations.values.filter { $0.action.virtualMachine == machine && $0.changedSomething }.compactMap(\.ended)
            .max()
    }

    /// When hosts and VMs were last part of a move that succeeded, those of `tip` apart.
    func lastMoves(otherThan tip: Int64?) -> LastMoves {
        var moves = LastMoves()
        for operation in operations.values where operation.state == .succeeded {
            guard let ended = operation.ended, tip == nil || operation.tip != tip, let move = operation.move else {
                continue
            }
            for host in [move.source, move.destination] {
                moves.hosts[host] = max(moves.hosts[host] ?? ended, ended)
            }
            if let known = moves.virtualMachines[move.virtualMachine], known >= ended { continue }
            moves.virtualMachines[move.virtualMachine] = ended
            moves.origins[move.virtualMachine] = move.source
        }
        return moves
    }

    /// The moves that ended at `time` or later.
    func moves(endedFrom time: Timestamp) -> [RecentMove] {
        operations.values.filter { $0.state == .succeeded && ($0.ended ?? time - .seconds(1)) >= time }
            .sorted { $0.number < $1.number }.compactMap(RecentMove.init)
    }

    /// Until when an operator, who dismissed it, wants to hear nothing more of the finding; `nil` where nobody did.
    func quietEnd(of key: AlertKey) -> Timestamp? {
        tips.values.filter { $0.state == .dismissed && $0.history.last?.actor != Actor.policy && $0.key == key }
            .map { $0.quietUntil ?? $0.restEnd }.max()
    }

    /// The tip about the finding whose actions ended last, well or not: its pack lets the finding rest after it.
    func lastActed(on key: AlertKey) -> Tip? {
        tips.values.filter { $0.hasActed && $0.key == key }.max { $0.restEnd < $1.restEnd }
    }

    /// The findings that rest after what was done about them.
    func restingFindings(at time: Timestamp) -> Set<AlertKey> {
        Set(tips.values.lazy.filter { $0.hasActed && $0.restEnd > time }.map(\.key))
    }
}

extension Tip {
    /// Whether it has ended after actions of its own; one that is well before the rest of its plan was done, too.
    fileprivate var hasActed: Bool { [.resolved, .ineffective, .failed].contains(state) || actionsDone > 0 }

    /// Until when its pack wants nothing more done about the finding, once it has ended.
    var restEnd: Timestamp { updated + .seconds(terms.coolDownSeconds) }
}

extension RecentMove {
    /// `nil` for an operation that moves nothing.
    init?(_ operation: FleetModel.Operation) {
        guard let move = operation.move else { return nil }
        self.init(
            operation: operation.number, virtualMachine: move.virtualMachine, source: move.source,
            destination: move.destination, ended: operation.ended)
    }
}
