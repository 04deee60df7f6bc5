import FleetModel
import RulePacks

/// Everything that the control loop learns of the world. Time comes with the events: the loop has no clock.
public enum ControlEvent: Sendable {
    /// The server starts with what its store holds. The first event of a loop, and only the first.
    case restored(StoredState, time: Timestamp)
    /// A host's agent reported.
    case report(HostRecord)
    /// The rules were evaluated and the loads were read, both of the same instant.
    case round(ControlRound)
    /// Somebody asks for something; answered by exactly one `ControlAction.reply`.
    case request(ControlRequest)
    /// A host answered a command. Answers may come late, twice or out of order.
    case answered(command: Int64, answer: HostTaskAnswer, time: Timestamp)
    /// A host is about to be told these commands: what is no longer open afterwards must not be told.
    case handedOut([Int64], time: Timestamp)
    /// A host says how far a migration is.
    case progress(command: Int64, MigrationProgress, time: Timestamp)
    /// A plug-in has ended.
    case plugInEnded(operation: Int64, PlugInEnd, time: Timestamp)
    /// A plug-in says how far it is.
    case plugInSaid(operation: Int64, String, time: Timestamp)
    /// An operator stopped everything, and the store did not take it: it holds in memory from now on, and the shell asks for
    /// it again until it is stored.
    case stopNotStored(by: String, reason: String, time: Timestamp)
    /// What the queries of a tip's evidence gave over the time that led to it.
    case evidence(tip: Int64, [EvidenceWindow], time: Timestamp)
    /// Time has passed: expiry, time limits and waits are looked at. Once a second or so.
    case tick(Timestamp)
}

/// One consistent instant of the fleet: what the rules found and how loaded everything was.
public struct ControlRound: Sendable {
    /// What the rules found; its time is the round's.
    public var alerts: AlertRound
    /// How loaded hosts and VMs were at that time.
    public var readings: LoadReadings
    /// The alerts of every pack that the server has, also of those that are switched off; `nil` where nobody says.
    public var packs: [String: Set<String>]?

    /// A round.
    public init(alerts: AlertRound, readings: LoadReadings, packs: [String: Set<String>]? = nil) {
        self.alerts = alerts
        self.readings = readings
        self.packs = packs
    }
}

/// Something that an operator asks for.
public struct ControlRequest: Sendable, Hashable {
    /// What can be asked for.
    public enum Kind: Sendable, Hashable {
        /// Carry out a tip's plan: the one with that `Plan.snapshotVersion`, which the operator was shown, or whatever
        /// the plan is now where that is `nil`.
        case approve(tip: Int64, snapshotVersion: Int64? = nil)
        /// The same for a part of the plan, or with other destinations.
        case approvePart(tip: Int64, snapshotVersion: Int64?, PlanChoice)
        /// Put a tip away without acting on it; and raise none of the kind for that long, or as long as the pack says
        /// where that is `nil`.
        case dismiss(tip: Int64, reason: String, quietFor: Duration? = nil)
        /// Move a VM, without a tip; by that method, or by the one that suits it best where that is `nil`.
        case migrate(VirtualMachineID, to: HostName, by: MigrationMethod? = nil)
        /// Say how that would be done and what it would take; nothing is changed.
        case foretell(VirtualMachineID, to: HostName, by: MigrationMethod? = nil)
        /// Keep a new VM's definition on a host, and start it there if so wished. A CPU model of
        /// ``VirtualMachineDefinition/baselineModel`` becomes the richest that every host of the cluster has.
        case create(VirtualMachineDefinition, on: HostName?, start: Bool)
        /// Do one step to a VM where it is; on that host, where it is known on several and runs on none.
        case perform(HostTask, on: HostName? = nil)
        /// Call an operation off: the VM stays, or ends up, in one place.
        case cancel(operation: Int64)
        /// Forget a host that has gone for good, or that is to join another cluster.
        case removeHost(HostName)
        /// Change the policy; refused where it is not at that version any more.
        case changePolicy(PolicyChange, version: Int64? = nil)
        /// Hold something: with `.fleet`, nothing new starts. `cancelling` also calls off what is under way there.
        case hold(HoldScope, reason: String, cancelling: Bool = false)
        /// Let go of it.
        case release(HoldScope)
        /// Set a pack's parameter; whoever asks has looked that it may have this value.
        case setParameter(ParameterSetting)
        /// Give a pack's parameter its default again, or the fleet's value where the cluster had its own.
        case resetParameter(pack: String, name: String, cluster: ClusterName?)
        /// Switch a pack on or off, or allow its plug-ins.
        case setPack(PackSetting)
    }

    /// Chosen by the asker; comes back in the reply.
    public var id: Int64
    /// Who asks: the operator's name, for the audit log.
    public var actor: String
    /// When it was asked.
    public var time: Timestamp
    /// What is asked for.
    public var kind: Kind

    /// A request.
    public init(id: Int64, actor: String, time: Timestamp, kind: Kind) {
        self.id = id
        self.actor = actor
        self.time = time
        self.kind = kind
    }
}

/// What of a plan is approved.
public struct PlanChoice: Sendable, Hashable {
    /// The steps, counted from 1 over those that are still to be done; `nil` for all.
    public var steps: Set<Int>?
    /// Other destinations for steps, by their place; checked as the plan's own were.
    public var destinations: [Int: HostName]

    /// A choice; everything as planned without arguments.
    public init(steps: Set<Int>? = nil, destinations: [Int: HostName] = [:]) {
        self.steps = steps
        self.destinations = destinations
    }
}
