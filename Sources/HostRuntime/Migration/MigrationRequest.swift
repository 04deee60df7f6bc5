import FleetModel

/// One live migration as it is wanted: which VM, from where, to where, within which limits.
public struct MigrationRequest: Sendable, Hashable {
    /// What moves; the destination gets it whole and needs nothing else.
    public var definition: VirtualMachineDefinition
    /// What runs the guest's code at the source: the destination must use the same.
    public var accelerator: Accelerator
    /// The host that the VM runs on.
    public var source: HostName
    /// The host that it is to run on.
    public var destination: HostName
    /// Upper bound of the stream in bytes a second; `nil` for QEMU's default.
    public var bandwidthLimit: Bytes?
    /// How long the guest may be halted, in milliseconds.
    public var downtimeLimitMilliseconds: Int
    /// After how long without an end the attempt is cancelled, in seconds.
    public var timeLimitSeconds: Int
    /// How it moves.
    public var method: MigrationMethod
    /// The version of the QEMU that runs it at the source; `nil` where that is not known.
    public var emulatorVersion: String?
    /// Sizes of the disks that move along, by their place in the definition.
    public var diskSizes: [Int: Bytes]?
    /// Who runs it at the source, and so at the destination: `libvirt`; `nil` for the bundled runtime.
    public var manager: String?

    /// A migration that is wanted.
    public init(
        definition: VirtualMachineDefinition, accelerator: Accelerator, source: HostName, destination: HostName,
        bandwidthLimit: Bytes? = nil, downtimeLimitMilliseconds: Int = 300, timeLimitSeconds: Int = 120,
        method: MigrationMethod = MigrationMethod(), emulatorVersion: String? = nil,
        manager: String? = nil
    ) {
        self.manager = manager
        self.method = method
        self.emulatorVersion = emulatorVersion
        self.definition = definition
        self.accelerator = accelerator
        self.source = source
        self.destination = destination
        self.bandwidthLimit = bandwidthLimit
        self.downtimeLimitMilliseconds = downtimeLimitMilliseconds
        self.timeLimitSeconds = timeLimitSeconds
    }
}

// The checkpoint of a server of an older version knows one way to migrate.
extension MigrationRequest: Codable {
    /// Reads what this version or an older one wrote.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            definition: try values.decode(VirtualMachineDefinition.self, forKey: .definition),
            accelerator: try values.decode(Accelerator.self, forKey: .accelerator),
            source: try values.decode(HostName.self, forKey: .source),
            destination: try values.decode(HostName.self, forKey: .destination),
            bandwidthLimit: try values.decodeIfPresent(Bytes.self, forKey: .bandwidthLimit),
            downtimeLimitMilliseconds: try values.decode(Int.self, forKey: .downtimeLimitMilliseconds),
            timeLimitSeconds: try values.decode(Int.self, forKey: .timeLimitSeconds),
            method: try values.decodeIfPresent(MigrationMethod.self, forKey: .method) ?? MigrationMethod(),
            emulatorVersion: try values.decodeIfPresent(String.self, forKey: .emulatorVersion),
            manager: try values.decodeIfPresent(String.self, forKey: .manager))
        diskSizes = try values.decodeIfPresent([Int: Bytes].self, forKey: .diskSizes)
    }
}

/// How a migration ended.
public enum MigrationOutcome: Codable, Sendable, Hashable {
    /// The VM runs at the destination and nowhere else; QEMU's figures where the source still had them.
    case succeeded(MigrationFigures?)
    /// Not moved as intended: why, and on which side the VM is now; `nil` where nobody can say.
    case failed(reason: String, location: MigrationMachine.Side?)
    /// Called off; the VM runs at the source.
    case cancelled(reason: String)
}

extension MigrationOutcome {
    /// On which side the VM is after this end; `nil` where nobody can say.
    public var location: MigrationMachine.Side? {
        switch self {
        case .succeeded: .destination
        case .cancelled: .source
        case .failed(_, let location): location
        }
    }
}
