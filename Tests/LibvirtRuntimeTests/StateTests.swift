import FleetModel
import Testing

@testable import LibvirtRuntime

@Suite("Where a domain is in its life") struct StateTests {
    private static let jobs: [DomainState.Job] = [.unknown, .none, .sending, .receiving, .other]

    private func place(_ state: Int64, _ reason: Int64, _ job: DomainState.Job = .unknown) -> VirtualMachineState {
        DomainState(state: state, reason: reason).place(job: job).state
    }

    @Test func runningAndHaltedGuestsLiveHere() {
        #expect(place(1, 1) == .running && place(2, 0) == .running && place(4, 1) == .running)
        #expect(place(1, 5, .sending) == .outgoing && place(1, 2, .other) == .running)
        for reason: Int64 in [0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 14] { #expect(place(3, reason) == .paused) }
        #expect(place(7, 0) == .paused && place(5, 0) == .stopped && place(5, 4) == .stopped)
        #expect(place(5, 3) == .crashed && place(6, 1) == .crashed)
        #expect(place(0, 0) == .unknown && place(99, 0) == .unknown)
    }

    @Test func neitherEndOfAHandOverOwnsTheGuestUntilItRuns() {
        for job in Self.jobs {
            for reason: Int64 in [2, 12, 13] { #expect(!place(3, reason, job).ownsGuest) }
        }
        #expect(place(3, 2, .receiving) == .incoming && place(3, 2, .sending) == .handedOver)
        #expect(place(3, 11, .receiving) == .incoming && place(3, 11) == .incoming && place(3, 11, .other) == .paused)
        #expect(DomainState(state: 3, reason: 2).needsJob && !DomainState(state: 3, reason: 11).needsJob)
        #expect(DomainState(state: 3, reason: 11).isStarting && !DomainState(state: 1, reason: 11).isStarting)
        #expect(place(3, 12) == .trailing && place(3, 13) == .trailing)
        #expect(place(1, 10) == .fetching && place(1, 11) == .fetching)
        #expect([(3, 13), (1, 11)].allSatisfy { DomainState(state: $0, reason: $1).isTorn })
        #expect(![(3, 12), (1, 10), (1, 1)].contains { DomainState(state: $0, reason: $1).isTorn })
        #expect(DomainState(state: 5, reason: 5).place(job: .none, isSaved: true).state == .saved)
        #expect(DomainState(state: 1, reason: 1).place(job: .none, isSaved: true).state == .running)
    }

    @Test func whatIsNotWellIsSaid() {
        func problem(_ state: Int64, _ reason: Int64, _ job: DomainState.Job = .unknown) -> String? {
            DomainState(state: state, reason: reason).place(job: job).problem
        }
        let unwell: [(Int64, Int64)] = [(1, 11), (3, 5), (3, 6), (3, 10), (3, 13), (5, 3), (5, 6), (6, 1), (99, 0)]
        for (state, reason) in unwell { #expect(problem(state, reason) != nil) }
        #expect(problem(3, 2, Self.jobs[1]) != nil && problem(3, 2, .sending) == nil && problem(1, 1) == nil)
    }
}

@Suite("The list of domains") struct TableTests {
    private let id: VirtualMachineID

    init() {
        var generator = Seeded(state: 1)
        id = .random(using: &generator)
    }

    private func domain(_ state: DomainState, _ job: DomainState.Job = .unknown) -> DomainTable.Domain {
        DomainTable.Domain(id: id, title: "web", state: state, job: job)
    }

    private let begin = ContinuousClock.now
    private let running = DomainState(state: 1, reason: 1)

    @Test func whatAnEventTellsOfIsReadAgainOnce() {
        var table = DomainTable()
        table.hear(.changed(id))
        #expect(table.beginList() == [id])
        #expect(table.beginList().isEmpty)
    }

    @Test func aGuestThatIsHandedOverIsNotOursFromThatMoment() {
        var table = DomainTable()
        table.take([domain(running)], at: begin)
        #expect(table.statuses.map(\.state) == [.running])
        table.hear(.handedOver(id))
        #expect(table.statuses.map(\.state) == [.handedOver] && table.isMoving)
    }

    @Test func aListThatBeganBeforeTheHandOverDoesNotUndoIt() {
        var table = DomainTable()
        _ = table.beginList()
        table.hear(.handedOver(id))
        table.take([domain(running)], at: begin)
        #expect(table.statuses.map(\.state) == [.handedOver])
        #expect(table.beginList() == [id])
        table.take([domain(running)], at: begin)
        #expect(table.statuses.map(\.state) == [.running])
    }

    @Test func whatChangedIsLookedAtAgainSoonAndThenEverLater() {
        func pause(_ table: DomainTable, _ seconds: Int) -> Duration {
            table.pause(at: begin + .seconds(seconds), longest: .seconds(60))
        }
        var table = DomainTable()
        #expect(pause(table, 0) == .seconds(60))
        table.take([domain(running)], at: begin)
        #expect(pause(table, 0) == .seconds(1) && pause(table, 4) == .seconds(4) && pause(table, 99) == .seconds(60))
        table.take([domain(running)], at: begin + .seconds(4))
        #expect(pause(table, 4) == .seconds(4))
        table.take([domain(DomainState(state: 5, reason: 4))], at: begin + .seconds(8))
        #expect(pause(table, 8) == .seconds(1))
        table.take([], at: begin + .seconds(9))
        #expect(pause(table, 11) == .seconds(2))
        table.hear(.sending(id))
        #expect(pause(table, 99) == .seconds(1))
    }

    @Test func whoSendsIsAskedAboutUntilThatIsOver() {
        var table = DomainTable()
        table.take([domain(running)], at: begin)
        #expect(!table.needsJob(id, running) && !table.isMoving)
        table.hear(.sending(id))
        #expect(table.needsJob(id, running) && !table.needsJob(id, DomainState(state: 5, reason: 0)))
        table.take([domain(running, .sending)], at: begin)
        #expect(table.statuses.map(\.state) == [.outgoing] && table.needsJob(id, running) && table.isMoving)
        table.take([domain(running, .none)], at: begin)
        #expect(table.statuses.map(\.state) == [.running] && !table.needsJob(id, running) && !table.isMoving)
    }

    @Test func aDescriptionThatCannotBeReadStandsInTheReport() {
        var table = DomainTable()
        var broken = domain(running)
        broken.problem = "cannot be read"
        table.take([broken], at: begin)
        #expect(table.statuses.map(\.problem) == ["cannot be read"] && table.statuses[0].manager == "libvirt")
        table.forget()
        #expect(table.statuses.isEmpty && table.lists == 1)
    }

    @Test func eventsAreWhatTheirNumbersMean() {
        #expect(LibvirtEvent(id, event: 0, kind: 3, detail: 1) == .handedOver(id))
        #expect(LibvirtEvent(id, event: 0, kind: 3, detail: 7) == .handedOver(id))
        #expect(LibvirtEvent(id, event: 0, kind: 3, detail: 0) == .changed(id))
        #expect(LibvirtEvent(id, event: 20, kind: 0, detail: 0) == .sending(id))
        #expect(LibvirtEvent(id, event: 21, kind: 0, detail: 0) == .changed(id))
    }
}
