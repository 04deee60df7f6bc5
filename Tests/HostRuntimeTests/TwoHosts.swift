import FleetModel

@testable import HostRuntime

/// Two hosts with one VM between them, as small as QEMU's semantics allow: what the migration machine is played
/// against. Every choice that the world has is a separate successor.
struct TwoHosts: Hashable {
    /// `trailing`: in post-copy. `cutOff`: the same, and the stream is broken.
    enum Source: Hashable { case running, outgoing, trailing, cutOff, handedOver, crashed, forgotten }
    /// `arriving`: the stream is complete and the guest not yet started. `fetching`: in post-copy. `crashed`, `shutDown`:
    /// it ended after it had run here. `endedUnseen`: its process ended while no agent was looking.
    enum Destination: Hashable { case absent, incoming, arriving, fetching, running, crashed, shutDown, endedUnseen }

    var source = Source.running
    var destination = Destination.absent
    /// What the migration may do.
    var method = MigrationMethod()
    /// Whether the VM was started anew after its guest was lost.
    var isAnew = false
    /// Whether the guest has run at the destination: what the source holds is the past from then on.
    var hasRunThere = false
    /// How much may still go wrong.
    var faults: Int

    /// What may happen without anybody asking.
    func spontaneous() -> [TwoHosts] {
        var next: [TwoHosts] = []
        if source == .outgoing && destination == .incoming {
            next.append(with { $0.completeStream() })
            if method.postCopy { next.append(with { $0.goOnThere() }) }
        }
        if source == .trailing && destination == .fetching { next.append(with { $0.completePostCopy() }) }
        if destination == .arriving { next.append(with { $0.arrive() }) }
        guard faults > 0 else { return next }
        if source == .outgoing { next.append(failing { $0.breakStream() }) }
        if source == .trailing { next.append(failing { $0.source = .cutOff }) }
        if source != .forgotten && source != .crashed { next.append(failing { $0.killSource() }) }
        if destination == .running || destination == .fetching {
            next.append(failing { $0.endGuest(.shutDown) })
        }
        if hasDestinationProcess {
            next.append(failing { $0.killDestination() })
            next.append(failing { $0.killDestinationUnseen() })
        }
        return next
    }

    /// What may come of asking `side` to do `task` now: the world after it and the answer, `nil` while it goes on.
    func asking(_ side: MigrationMachine.Side, _ task: HostTask) -> [(world: TwoHosts, answer: HostTaskAnswer?)] {
        var outcomes = side == .source ? askingSource(task) : askingDestination(task)
        if faults > 0 {
            // Done, and the answer is lost: it will be asked again.
            outcomes += outcomes.compactMap {
                $0.answer == nil || $0.world.faults == 0 ? nil : ($0.world.failing { _ in }, nil)
            }
            // The agent is in no state to say more.
            outcomes.append((failing { _ in }, .failed("the agent was restarted")))
            if case .inspect = task { outcomes.append((failing { _ in }, .state(.unknown))) }
        }
        return outcomes
    }

    private func askingSource(_ task: HostTask) -> [(world: TwoHosts, answer: HostTaskAnswer?)] {
        switch (task, source) {
        case (.inspect, _): [(self, .state(sourceState))]
        case (.send, .running) where destination == .incoming: [(with { $0.source = .outgoing }, nil)]
        case (.send, .running): [(self, .failed("connection refused"))]
        case (.send, .outgoing), (.send, .trailing): [(self, nil)]
        // Taking the stream up again helps, or does not.
        case (.send, .cutOff) where destination == .fetching:
            [(with { $0.source = .trailing }, nil), (self, .failed("connection refused"))]
        case (.send, .cutOff): [(self, .failed("connection refused"))]
        case (.send, .handedOver): [(self, .sent(Self.figures))]
        case (.send, _): [(self, .refused("the VM does not run here"))]
        case (.cancelSend, .outgoing): [(with { $0.breakStream() }, .state(.running))]
        case (.cancelSend, _): [(self, .state(sourceState))]
        case (.resumeSource, .handedOver): [(with { $0.source = .running }, .done)]
        case (.resumeSource, .running): [(self, .done)]
        case (.releaseSource, .handedOver), (.releaseSource, .crashed), (.releaseSource, .cutOff),
            (.releaseSource, .forgotten):
            [(with { $0.source = .forgotten }, .done)]
        case (.recover, .crashed), (.recover, .cutOff):
            [
                (with { $0.source = .crashed }, .state(.crashed)),
                (with { $0.startAnew(\.source, .running) }, .state(.running)),
            ]
        case (.recover, .running): [(self, .state(.running))]
        default: [(self, .refused("not in this state: \(source)"))]
        }
    }

    private func askingDestination(_ task: HostTask) -> [(world: TwoHosts, answer: HostTaskAnswer?)] {
        switch (task, destination) {
        case (.inspect, _): [(self, .state(destinationState))]
        case (.prepareIncoming, .absent) where faults > 0:
            [
                (with { $0.destination = .incoming }, .listening(address: "tcp:127.0.0.1:1")),
                (failing { _ in }, .refused("no memory")),
                (failing { $0.destination = .incoming }, .failed("no answer in time")),
            ]
        case (.prepareIncoming, .absent), (.prepareIncoming, .incoming):
            [(with { $0.destination = .incoming }, .listening(address: "tcp:127.0.0.1:1"))]
        case (.load, .incoming) where source == .handedOver && faults > 0:
            [
                (with { $0.destination = .arriving }, .done),
                (failing { $0.destination = .absent }, .failed("the file is damaged")),
            ]
        case (.load, .incoming) where source == .handedOver: [(with { $0.destination = .arriving }, .done)]
        case (.load, .arriving), (.load, .running): [(self, .done)]
        case (.recover, .fetching):
            [
                (with { $0.endGuest(.crashed) }, .state(.crashed)),
                (with { $0.startAnew(\.destination, .running) }, .state(.running)),
            ]
        case (.recover, .running): [(self, isAnew ? .state(.running) : .done)]
        case (.recover, .crashed):
            [(self, .state(.crashed)), (with { $0.startAnew(\.destination, .running) }, .state(.running))]
        case (.recover, .endedUnseen):
            [
                (with { $0.destination = .crashed }, .state(.crashed)),
                (with { $0.startAnew(\.destination, .running) }, .state(.running)),
            ]
        case (.recover, .shutDown): [(self, .state(.stopped))]
        case (.abandonIncoming, .absent), (.abandonIncoming, .incoming), (.abandonIncoming, .arriving):
            [(with { $0.abandon() }, .done)]
        case (.abandonIncoming, .endedUnseen): [(self, .state(.crashed))]
        default: [(self, .refused("not in this state: \(destination)"))]
        }
    }

    var sourceState: VirtualMachineState? {
        switch source {
        case .running: .running
        case .outgoing: .outgoing
        case .trailing, .cutOff: .trailing
        case .handedOver: .handedOver
        case .crashed: .crashed
        case .forgotten: nil
        }
    }

    var destinationState: VirtualMachineState? {
        switch destination {
        case .absent: nil
        case .incoming, .arriving: .incoming
        case .fetching: .fetching
        case .running: .running
        case .crashed: .crashed
        case .shutDown: .stopped
        case .endedUnseen: .unknown
        }
    }

    var placesRunning: Int {
        (source == .running || source == .outgoing ? 1 : 0)
            + (destination == .running || destination == .fetching ? 1 : 0)
    }

    /// Whether no process holds the guest as it last was: a process that had it alone was killed.
    var isGuestLost: Bool {
        switch destination {
        case .running, .arriving: false
        case .fetching: source != .trailing && source != .cutOff
        case .crashed, .shutDown: true
        case .endedUnseen where hasRunThere: true
        // Nobody can tell it from the case before, so it stays halted where it is.
        case .endedUnseen where source == .handedOver: true
        case .absent, .incoming, .endedUnseen: source == .crashed || source == .forgotten || hasRunThere
        }
    }

    static let figures = MigrationFigures(totalMilliseconds: 100, downtimeMilliseconds: 10, transferred: .mebibytes(1))

    /// A quick migration goes into a file, which the destination loads when it is told to.
    private mutating func completeStream() {
        source = .handedOver
        if method.kind == .live { destination = .arriving }
    }

    private mutating func goOnThere() {
        source = .trailing
        destination = .fetching
        hasRunThere = true
    }

    private mutating func completePostCopy() {
        source = .handedOver
        destination = .running
    }

    private mutating func endGuest(_ end: Destination) {
        destination = end
        if source == .trailing { source = .cutOff }
    }

    private mutating func startAnew<End>(_ side: WritableKeyPath<TwoHosts, End>, _ state: End) {
        self[keyPath: side] = state
        if source == .trailing { source = .cutOff }
        isAnew = true
    }

    /// The source's QEMU goes on with the guest; the destination's exits on a broken stream.
    private mutating func breakStream() {
        source = .running
        if destination == .incoming { destination = .absent }
    }

    private mutating func abandon() {
        if source == .outgoing { source = .running }
        destination = .absent
    }

    private mutating func killSource() {
        if source == .outgoing && destination == .incoming { destination = .absent }
        source = .crashed
    }

    private var hasDestinationProcess: Bool {
        switch destination {
        case .incoming, .arriving, .fetching, .running: true
        case .absent, .crashed, .shutDown, .endedUnseen: false
        }
    }

    private mutating func arrive() {
        destination = .running
        hasRunThere = true
    }

    private mutating func killDestination() {
        if source == .outgoing { source = .running }
        if destination == .running || destination == .fetching { endGuest(.crashed) } else { destination = .absent }
    }

    private mutating func killDestinationUnseen() {
        if source == .outgoing { source = .running }
        // What was started here, rather than received, leaves no doubt.
        endGuest(isAnew ? .crashed : .endedUnseen)
    }

    private func with(_ change: (inout TwoHosts) -> Void) -> TwoHosts {
        var world = self
        change(&world)
        return world
    }

    private func failing(_ change: (inout TwoHosts) -> Void) -> TwoHosts {
        with {
            $0.faults -= 1
            change(&$0)
        }
    }
}
