/// What a remediation would do: an ordered, checked list of actions, or the reason why there is none.
public struct Plan: Hashable, Codable, Sendable {
    /// The steps, in order; each is feasible after those before it.
    public var actions: [PlannedAction]
    /// Why these steps, for a person: what was seen, what was chosen.
    public var explanation: String
    /// Every candidate that was not chosen, with the reason.
    public var rejected: [RejectedCandidate]
    /// What it leaves undone of what was asked, for a person; `nil` where it does all of it.
    public var shortfall: String?
    /// The version of the fleet snapshot that the plan was made from.
    public var snapshotVersion: Int64

    /// A plan.
    public init(
        actions: [PlannedAction], explanation: String, rejected: [RejectedCandidate] = [], shortfall: String? = nil,
        snapshotVersion: Int64
    ) {
        self.actions = actions
        self.explanation = explanation
        self.rejected = rejected
        self.shortfall = shortfall
        self.snapshotVersion = snapshotVersion
    }
}

/// One step of a plan.
public struct PlannedAction: Hashable, Codable, Sendable {
    /// The kinds of step.
    public enum Kind: Hashable, Codable, Sendable {
        /// Live-migrates a VM.
        case migrate(virtualMachine: VirtualMachineID, from: HostName, to: HostName)
        /// One step on one host, because an operator says so: a start, a stop, another size.
        case step(HostTask, on: HostName)
        /// An action of a pack's own, run by the server.
        case plugIn(PlugInCall, subject: TipSubject)
    }
    /// What is done.
    public var kind: Kind
    /// The VM's name, for a person; empty where it is about none.
    public var virtualMachineName: String
    /// What is expected of it.
    public var prediction: Prediction
    /// The steps of its plan, by place, that must have been made before it: without them its host has no room for it, or
    /// its VM would be parted from one that it must share a host with.
    public var after: [Int]?
    /// Steps of the same wave can be made at the same time; one wave comes after the other.
    public var wave: Int?
    /// VMs that it must share a host with, and that other steps of the plan take the same way.
    public var companions: [VirtualMachineID]?

    /// A step with what is expected of it.
    public init(kind: Kind, virtualMachineName: String, prediction: Prediction) {
        self.kind = kind
        self.virtualMachineName = virtualMachineName
        self.prediction = prediction
    }
}

extension PlannedAction {
    /// Whether it takes a companion of the other step the same way.
    public func accompanies(_ other: PlannedAction) -> Bool {
        guard case .migrate(let id, let from, let to) = kind, case .migrate(_, from, to) = other.kind else {
            return false
        }
        return other.companions?.contains(id) == true
    }

    /// The VM that it does something to; `nil` where Evenkeel does not know of one.
    public var virtualMachine: VirtualMachineID? {
        switch kind {
        case .migrate(let id, _, _): id
        case .step(let task, _): task.virtualMachine
        case .plugIn: nil
        }
    }

    /// Where it begins: the source of a move, the host of a step; `nil` for what the server runs.
    public var origin: HostName? {
        switch kind {
        case .migrate(_, let source, _): source
        case .step(_, let host): host
        case .plugIn: nil
        }
    }

    /// The hosts that have to do with it.
    public var hosts: [HostName] {
        switch kind {
        case .migrate(_, let source, let destination): [source, destination]
        case .step(_, let host): [host]
        case .plugIn: []
        }
    }

    /// Whether nothing else may be done to the VM meanwhile: all but looking at its console.
    public var isExclusive: Bool {
        switch kind {
        case .step(.openConsole, _), .plugIn: false
        case .step, .migrate: true
        }
    }
}

/// Loads before and after a step, as ratios of what the host has (processor: busy share; memory: used share); `nil`
/// where the load of a host or of the VM is unknown.
public struct Prediction: Hashable, Codable, Sendable {
    /// Processor load of the source, 0...1, before and after.
    public var sourceProcessor: Change?
    /// Processor load of the destination, 0...1, before and after.
    public var destinationProcessor: Change?
    /// Used share of the source's memory, before and after.
    public var sourceMemory: Change?
    /// Used share of the destination's memory, before and after.
    public var destinationMemory: Change?
    /// How long it takes, in seconds.
    public var seconds: Double?
    /// How long the guest stands still, in milliseconds.
    public var downtimeMilliseconds: Double?

    /// Loads before and after.
    public init(
        sourceProcessor: Change?, destinationProcessor: Change?, sourceMemory: Change?, destinationMemory: Change?,
        seconds: Double? = nil, downtimeMilliseconds: Double? = nil
    ) {
        self.seconds = seconds
        self.downtimeMilliseconds = downtimeMilliseconds
        self.sourceProcessor = sourceProcessor
        self.destinationProcessor = destinationProcessor
        self.sourceMemory = sourceMemory
        self.destinationMemory = destinationMemory
    }

    /// A quantity before and after.
    public struct Change: Hashable, Codable, Sendable {
        /// Before the step.
        public var before: Double
        /// After it.
        public var after: Double

        /// From `before` to `after`.
        public init(before: Double, after: Double) {
            self.before = before
            self.after = after
        }
    }
}

/// A VM or a destination that the planner did not choose.
public struct RejectedCandidate: Hashable, Codable, Sendable {
    /// The VM's name.
    public var virtualMachine: String
    /// The destination, or `nil` where the VM itself could not move.
    public var destination: HostName?
    /// Why not.
    public var reason: String

    /// A candidate and why it was not chosen.
    public init(virtualMachine: String, destination: HostName?, reason: String) {
        self.virtualMachine = virtualMachine
        self.destination = destination
        self.reason = reason
    }
}
