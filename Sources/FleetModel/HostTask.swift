/// One step that a host's agent can be told to do. Every step may be told twice: a step whose result is already there
/// answers with that result and changes nothing.
public enum HostTask: Hashable, Codable, Sendable {
    /// Keeps the definition on the host, in place of an earlier one of a VM that is stopped. Answer: `.done`, or
    /// `.advised` with what best practice says against it.
    case define(VirtualMachineDefinition)
    /// Keeps the definition on the host and starts the VM.
    case start(VirtualMachineDefinition)
    /// Starts a VM that is defined on the host.
    case launch(VirtualMachineID)
    /// Stops the VM, gently or at once; the definition stays.
    case stop(VirtualMachineID, force: Bool)
    /// Halts the guest, which keeps its memory.
    case pause(VirtualMachineID)
    /// Lets a guest that was halted go on.
    case resume(VirtualMachineID)
    /// Writes the guest's memory to the host's disk and ends the VM's process.
    case save(VirtualMachineID)
    /// Lets a VM go on from what was saved.
    case restore(VirtualMachineID)
    /// Gives a VM more or fewer VPs or more memory: at once where it runs, and for its next start. Answer: `.done`, or
    /// `.advised` with what it will have at its next start and not before.
    case resize(VirtualMachineID, virtualProcessors: Int?, memory: Bytes?)
    /// Asks the guest to leave it at so much memory, through its balloon.
    case balloon(VirtualMachineID, Bytes)
    /// Copies the VM's disks as they are at one moment into a folder of the host, the guest's file systems at rest where
    /// its agent answers. Answer: `.advised` with the files, and whether they were at rest.
    case snapshot(VirtualMachineID, folder: String)
    /// Connects the VM's console to a session that somebody waits at on the server.
    case openConsole(VirtualMachineID, session: String)
    /// Forgets a VM that is stopped.
    case remove(VirtualMachineID)
    /// Starts a process that waits for the VM's memory. Answer: `.listening`; `.awaiting` where disks come along.
    case prepareIncoming(IncomingMigration)
    /// Sends the VM's memory and guest state; answers when that has ended. Answer: `.sent`.
    case send(OutgoingMigration)
    /// Loads what a quick migration has saved. Answer: `.done` once the guest is here.
    case load(VirtualMachineID)
    /// Says in which state the VM is on this host. Answer: `.state`, `nil` where the host does not know the VM.
    case inspect(VirtualMachineID)
    /// Ends the process of a VM that was handed over and forgets it here; refused while the guest lives here.
    case releaseSource(VirtualMachineID)
    /// Ends a process that still waits for a VM's memory and forgets it here; refused once the guest lives here.
    case abandonIncoming(VirtualMachineID)
    /// Stops sending; the VM goes on here. Answer: `.state`, which is `handedOver` when it came too late.
    case cancelSend(VirtualMachineID)
    /// Lets a VM that was handed over go on here: only when the destination's process is known to be gone.
    case resumeSource(VirtualMachineID)
    /// Ends what is left of a VM whose guest was lost in a migration and starts it anew if its policy says so: only when
    /// the other host is known to have nothing of it. Answer: `.state`; `.done` where the guest turns out to be whole.
    case recover(VirtualMachineID)
}

extension HostTask {
    /// The VM that the step is about.
    public var virtualMachine: VirtualMachineID {
        switch self {
        case .define(let definition), .start(let definition): definition.id
        case .prepareIncoming(let migration): migration.definition.id
        case .send(let migration): migration.virtualMachine
        case .stop(let id, _), .resize(let id, _, _), .balloon(let id, _), .snapshot(let id, _),
            .openConsole(let id, _), .launch(let id), .pause(let id), .resume(let id), .save(let id),
            .restore(let id), .remove(let id), .load(let id), .inspect(let id), .releaseSource(let id),
            .abandonIncoming(let id), .cancelSend(let id), .resumeSource(let id), .recover(let id):
            id
        }
    }
}

extension HostTask {
    /// What operators call the step, such as `start`; `nil` for one that is only ever part of a migration.
    public var verb: String? {
        switch self {
        case .define, .start: "create"
        case .launch: "start"
        case .stop: "stop"
        case .pause: "pause"
        case .resume: "resume"
        case .save: "save"
        case .restore: "restore"
        case .resize: "resize"
        case .balloon: "balloon"
        case .snapshot: "snapshot"
        case .openConsole: "console"
        case .remove: "rm"
        case .prepareIncoming, .send, .load, .inspect, .releaseSource, .abandonIncoming, .cancelSend, .resumeSource,
            .recover:
            nil
        }
    }
}

/// What a destination needs to receive a VM.
public struct IncomingMigration: Hashable, Sendable {
    /// What is to arrive.
    public var definition: VirtualMachineDefinition
    /// What runs its code at the source: the destination must use the same.
    public var accelerator: Accelerator
    /// How long the destination waits for the guest before it gives up by itself.
    public var timeLimitSeconds: Int
    /// How it comes.
    public var method: MigrationMethod
    /// The version of the QEMU that it comes from; `nil` where that is not known.
    public var emulatorVersion: String?
    /// Sizes of the disks that come along, since only their host sees them, by their place in the definition.
    public var diskSizes: [Int: Bytes]?
    /// Who runs it at its source, and so here: `libvirt`; `nil` for the bundled runtime.
    public var manager: String?

    /// A VM that is to arrive.
    public init(
        definition: VirtualMachineDefinition, accelerator: Accelerator, timeLimitSeconds: Int,
        method: MigrationMethod = MigrationMethod(), emulatorVersion: String? = nil, manager: String? = nil
    ) {
        self.manager = manager
        self.definition = definition
        self.accelerator = accelerator
        self.timeLimitSeconds = timeLimitSeconds
        self.method = method
        self.emulatorVersion = emulatorVersion
    }
}

/// What a source needs to send a VM.
public struct OutgoingMigration: Hashable, Sendable {
    /// Which VM.
    public var virtualMachine: VirtualMachineID
    /// Where the destination listens, as QEMU writes it: `tcp:10.0.0.2:49152`.
    public var destination: String
    /// The destination's name in its certificate; `nil` where traffic stays on loopback without TLS.
    public var destinationName: String?
    /// Upper bound of the stream in bytes a second; `nil` for QEMU's default.
    public var bandwidthLimit: Bytes?
    /// How long the guest may be halted, in milliseconds.
    public var downtimeLimitMilliseconds: Int
    /// After how long without an end the attempt is cancelled; the VM stays where it is.
    public var timeLimitSeconds: Int
    /// How it goes.
    public var method: MigrationMethod
    /// Where its local disks are awaited; `nil` where none goes along.
    public var disks: String?

    /// A VM that is to be sent.
    public init(
        virtualMachine: VirtualMachineID, destination: String, destinationName: String? = nil,
        bandwidthLimit: Bytes? = nil, downtimeLimitMilliseconds: Int = 300, timeLimitSeconds: Int,
        method: MigrationMethod = MigrationMethod()
    ) {
        self.method = method
        self.virtualMachine = virtualMachine
        self.destination = destination
        self.destinationName = destinationName
        self.bandwidthLimit = bandwidthLimit
        self.downtimeLimitMilliseconds = downtimeLimitMilliseconds
        self.timeLimitSeconds = timeLimitSeconds
    }
}

// Servers, agents and journals of older versions know one way to migrate, and do not say it.
extension IncomingMigration: Codable {
    /// Reads what this version or an older one wrote.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            definition: try values.decode(VirtualMachineDefinition.self, forKey: .definition),
            accelerator: try values.decode(Accelerator.self, forKey: .accelerator),
            timeLimitSeconds: try values.decode(Int.self, forKey: .timeLimitSeconds),
            method: try values.decodeIfPresent(MigrationMethod.self, forKey: .method) ?? MigrationMethod(),
            emulatorVersion: try values.decodeIfPresent(String.self, forKey: .emulatorVersion),
            manager: try values.decodeIfPresent(String.self, forKey: .manager))
        diskSizes = try values.decodeIfPresent([Int: Bytes].self, forKey: .diskSizes)
    }
}

extension OutgoingMigration: Codable {
    /// Reads what this version or an older one wrote.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            virtualMachine: try values.decode(VirtualMachineID.self, forKey: .virtualMachine),
            destination: try values.decode(String.self, forKey: .destination),
            destinationName: try values.decodeIfPresent(String.self, forKey: .destinationName),
            bandwidthLimit: try values.decodeIfPresent(Bytes.self, forKey: .bandwidthLimit),
            downtimeLimitMilliseconds: try values.decode(Int.self, forKey: .downtimeLimitMilliseconds),
            timeLimitSeconds: try values.decode(Int.self, forKey: .timeLimitSeconds),
            method: try values.decodeIfPresent(MigrationMethod.self, forKey: .method) ?? MigrationMethod())
        disks = try values.decodeIfPresent(String.self, forKey: .disks)
    }
}

/// What QEMU says of a migration that has ended.
public struct MigrationFigures: Hashable, Codable, Sendable {
    /// From the start of sending to its end.
    public var totalMilliseconds: Int
    /// How long the guest was halted, as the source's QEMU counts it.
    public var downtimeMilliseconds: Int
    /// What went over the wire.
    public var transferred: Bytes
    /// How often the guest's memory was gone through; `nil` where that is not known.
    public var passes: Int?
    /// By how much the guest was slowed down at most, in percent; `nil` where it was not.
    public var throttlePercent: Int?
    /// Whether the guest went on at the destination before all of its memory was there.
    public var wasPostCopied: Bool?

    /// Figures of one migration.
    public init(
        totalMilliseconds: Int, downtimeMilliseconds: Int, transferred: Bytes, passes: Int? = nil,
        throttlePercent: Int? = nil, wasPostCopied: Bool? = nil
    ) {
        self.totalMilliseconds = totalMilliseconds
        self.downtimeMilliseconds = downtimeMilliseconds
        self.transferred = transferred
        self.passes = passes
        self.throttlePercent = throttlePercent
        self.wasPostCopied = wasPostCopied
    }
}

/// How a step ended.
public enum HostTaskAnswer: Hashable, Codable, Sendable {
    /// Done, with nothing to say.
    case done
    /// Done, and this is to be said of it, such as what speaks against it, what is left for later, or what was made: for
    /// a person.
    case advised([String])
    /// The destination waits for the VM at this address.
    case listening(address: String)
    /// The destination waits for the VM at one address, and for its local disks at another.
    case awaiting(address: String, disks: String)
    /// The guest has been handed over.
    case sent(MigrationFigures)
    /// The VM's state on this host; `nil` where the host does not know the VM.
    case state(VirtualMachineState?)
    /// Not done, and nothing was changed: the reason, for a person.
    case refused(String)
    /// Begun and not brought to its end: the reason, for a person.
    case failed(String)
}

/// A step on its way to a host: durable at the server until it is answered.
public struct AgentCommand: Hashable, Codable, Sendable {
    /// Unique in the fleet and never used again: the agent does each number once.
    public var number: Int64
    /// Who is to do it.
    public var host: HostName
    /// The operation it belongs to.
    public var operation: Int64
    /// What is to be done.
    public var task: HostTask
    /// When it was issued.
    public var issued: Timestamp

    /// A command.
    public init(number: Int64, host: HostName, operation: Int64, task: HostTask, issued: Timestamp) {
        self.number = number
        self.host = host
        self.operation = operation
        self.task = task
        self.issued = issued
    }
}

/// How far a migration has come, for a person's eyes; decisions do not rest on it.
public struct MigrationProgress: Hashable, Codable, Sendable {
    /// Memory sent so far.
    public var transferred: Bytes
    /// Memory that is still to be sent.
    public var remaining: Bytes
    /// Memory of the guest.
    public var total: Bytes

    /// A moment of a migration.
    public init(transferred: Bytes, remaining: Bytes, total: Bytes) {
        self.transferred = transferred
        self.remaining = remaining
        self.total = total
    }
}
