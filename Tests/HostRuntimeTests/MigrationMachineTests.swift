import FleetModel
import FoundationEssentials
import Testing

@testable import HostRuntime

@Suite("A migration, as decisions") struct MigrationMachineTests {
    @Test func theHappyPathAsksFourThingsInOrder() throws {
        var machine = MigrationMachine(try Fixture.request())
        let id = machine.request.definition.id
        let figures = TwoHosts.figures
        let incoming = try #require(machine.receive(.begin).asks.first)
        guard case .prepareIncoming(let wanted) = incoming.task else { throw Unexpected(incoming) }
        #expect(incoming.side == .destination && wanted.accelerator == .tcg)
        let send = try #require(
            machine.receive(.answered(.destination, incoming.task, .listening(address: "tcp:10.0.0.2:4444"))).asks.first
        )
        guard case .send(let outgoing) = send.task else { throw Unexpected(send) }
        #expect(send.side == .source && outgoing.destination == "tcp:10.0.0.2:4444")
        #expect(outgoing.destinationName == "beta" && outgoing.timeLimitSeconds == 30)
        let look = machine.receive(.answered(.source, send.task, .sent(figures))).asks
        #expect(look == [.init(side: .destination, task: .inspect(id))])
        let release = machine.receive(.answered(.destination, .inspect(id), .state(.running))).asks
        #expect(release == [.init(side: .source, task: .releaseSource(id))])
        #expect(
            machine.receive(.answered(.source, .releaseSource(id), .done)) == [.finish(.succeeded(figures))])
        #expect(machine.outstanding.isEmpty)
    }

    @Test func aDestinationThatRefusesLeavesTheVirtualMachineAtTheSource() throws {
        var machine = MigrationMachine(try Fixture.request())
        let ask = try #require(machine.receive(.begin).asks.first)
        let actions = machine.receive(.answered(.destination, ask.task, .refused("no memory")))
        #expect(actions == [.finish(.failed(reason: "beta refused: no memory", location: .source))])
    }

    @Test func aCancelledMigrationSaysWhyAndClearsTheDestination() throws {
        var machine = MigrationMachine(try Fixture.request())
        let id = machine.request.definition.id
        let prepare = try #require(machine.receive(.begin).asks.first)
        let send = try #require(
            machine.receive(.answered(.destination, prepare.task, .listening(address: "tcp:127.0.0.1:1"))).asks.first)
        #expect(machine.receive(.cancel(reason: "operator")).asks == [.init(side: .source, task: .cancelSend(id))])
        #expect(machine.receive(.answered(.source, .cancelSend(id), .state(.running))).asks.isEmpty)
        #expect(
            machine.receive(.answered(.source, send.task, .failed("cancelled"))).asks
                == [.init(side: .source, task: .inspect(id))])
        #expect(
            machine.receive(.answered(.source, .inspect(id), .state(.running))).asks
                == [.init(side: .destination, task: .abandonIncoming(id))])
        #expect(
            machine.receive(.answered(.destination, .abandonIncoming(id), .done))
                == [.finish(.cancelled(reason: "operator"))])
    }

    @Test(arguments: [VirtualMachineState.crashed, .stopped])
    func aGuestThatRanAtTheDestinationAndEndedIsNotResumedFromThePast(_ state: VirtualMachineState) throws {
        var machine = MigrationMachine(try Fixture.request())
        let id = machine.request.definition.id
        let prepare = try #require(machine.receive(.begin).asks.first)
        let send = try #require(
            machine.receive(.answered(.destination, prepare.task, .listening(address: "tcp:127.0.0.1:1"))).asks.first)
        _ = machine.receive(.answered(.source, send.task, .sent(TwoHosts.figures)))
        _ = machine.receive(.answered(.destination, .inspect(id), .state(state)))
        let anew = machine.receive(.answered(.destination, .abandonIncoming(id), .refused("it ran here"))).asks
        #expect(anew == [.init(side: .destination, task: .recover(id))])
        let next = machine.receive(.answered(.destination, .recover(id), .state(state))).asks
        #expect(next == [.init(side: .source, task: .releaseSource(id))])
        _ = machine.receive(.answered(.source, .releaseSource(id), .done))
        #expect(machine.outcome?.location == .destination)
    }

    @Test func aDestinationThatNeverAnswersClearlyDoesNotStopTheMachineForEver() throws {
        var machine = MigrationMachine(try Fixture.request())
        var asks = machine.receive(.begin).asks
        var steps = 0
        while let ask = asks.first, steps < 200 {
            steps += 1
            let answer: HostTaskAnswer =
                switch ask.task {
                case .prepareIncoming: .listening(address: "tcp:127.0.0.1:1")
                case .send: .sent(TwoHosts.figures)
                case .inspect: .state(.unknown)
                default: .failed("QEMU does not answer")
                }
            asks = machine.receive(.answered(ask.side, ask.task, answer)).asks
        }
        guard case .failed(let reason, nil) = machine.outcome else { throw Unexpected(machine.outcome as Any) }
        #expect(reason.contains("halted at alpha"))
    }

    @Test(
        arguments: [0, 1, 2, 4],
        [MigrationMethod(), MigrationMethod(postCopy: true), MigrationMethod(kind: .quick)])
    func inEveryOrderOfEventsTheGuestRunsInOnePlaceAndTheOutcomeSaysWhere(
        faults: Int, method: MigrationMethod
    ) throws {
        var request = try Fixture.request()
        request.method = method
        var exploration = Exploration(request, faults: faults)
        try exploration.run()
        #expect(exploration.ends > 0)
        #expect(exploration.visited.count > 100)
    }
}

/// Walks through every state that machine and world can reach together.
private struct Exploration {
    struct State: Hashable {
        var machine: MigrationMachine
        var world: TwoHosts
        var mayCancel = true
    }

    var visited: Set<State> = []
    var ends = 0
    private var open: [State]

    init(_ request: MigrationRequest, faults: Int) {
        var machine = MigrationMachine(request)
        _ = machine.receive(.begin)
        open = [State(machine: machine, world: TwoHosts(method: request.method, faults: faults))]
    }

    mutating func run() throws {
        while let state = open.popLast() {
            guard visited.insert(state).inserted else { continue }
            try check(state)
            open += successors(of: state)
        }
    }

    private func successors(of state: State) -> [State] {
        guard state.machine.outcome == nil else { return [] }
        var next = state.world.spontaneous().map { world in state.with { $0.world = world } }
        for (side, task) in state.machine.outstanding {
            for (world, answer) in state.world.asking(side, task) {
                next.append(
                    state.with {
                        $0.world = world
                        if let answer { _ = $0.machine.receive(.answered(side, task, answer)) }
                    })
            }
        }
        if state.mayCancel {
            next.append(
                state.with {
                    $0.mayCancel = false
                    _ = $0.machine.receive(.cancel(reason: "operator"))
                })
        }
        return next
    }

    private mutating func check(_ state: State) throws {
        let world = state.world
        try expect(world.placesRunning <= 1, "runs twice", state)
        let isAtSource = world.source == .running || world.source == .outgoing
        let isPast = world.hasRunThere && isAtSource && !world.isAnew
        try expect(!isPast, "was resumed from the past", state)
        guard let outcome = state.machine.outcome else {
            try expect(!state.machine.outstanding.isEmpty, "waits for nothing", state)
            try checkCheckpoint(state.machine)
            return
        }
        ends += 1
        try expect(state.machine.outstanding.isEmpty, "ended with asks open", state)
        try expect(world.placesRunning == 1 || world.isGuestLost, "runs nowhere", state)
        switch outcome {
        case .succeeded:
            try expect(world.hasRunThere, "is not there", state)
            try expect(world.source == .forgotten, "left a source behind", state)
        case .cancelled, .failed(_, .source):
            try expect(world.destination != .running && world.source != .forgotten, "is not at the source", state)
        case .failed(_, .destination):
            let hasEnded = world.destination == .crashed || world.destination == .shutDown
            let isAnew = world.destination == .running && world.isAnew
            try expect((hasEnded || isAnew) && world.source == .forgotten, "did not end there", state)
        case .failed(_, nil):
            try expect(world.isGuestLost, "location given up without need", state)
        }
    }

    /// What a server that was killed reads back is the same machine with the same asks open.
    private func checkCheckpoint(_ machine: MigrationMachine) throws {
        guard visited.count % 50 == 0 else { return }
        let copy = try JSONDecoder().decode(MigrationMachine.self, from: JSONEncoder().encode(machine))
        #expect(copy == machine)
    }

    private func expect(_ holds: Bool, _ problem: String, _ state: State) throws {
        if !holds { throw Unexpected("\(problem): \(state.world) \(state.machine.phase)") }
    }
}

extension Exploration.State {
    fileprivate func with(_ change: (inout Self) -> Void) -> Self {
        var copy = self
        change(&copy)
        return copy
    }
}

extension [MigrationMachine.Action] {
    fileprivate var asks: [MigrationMachine.Ask] {
        compactMap { if case .ask(let side, let task) = $0 { .init(side: side, task: task) } else { nil } }
    }
}
