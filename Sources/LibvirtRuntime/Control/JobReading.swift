import FleetModel

/// What libvirt says of a job of a domain's (virDomainGetJobStats): one that is under way, or the last that has ended.
struct JobReading: Hashable, Sendable {
    /// virDomainJobType: 0 none, 1 and 2 under way, 3 completed, 4 failed, 5 cancelled.
    var type: Int32
    /// virDomainJobOperation: 4 a guest comes here, 5 one leaves, 9 a backup, and others.
    var operation: Int64?
    /// Why it has failed, in libvirt's words.
    var problem: String?
    /// How often the guest's memory has been gone through.
    var passes: Int
    var figures: MigrationFigures
    var progress: MigrationProgress

    init(type: Int32, _ parameters: [Parameter]) {
        self.type = type
        var values: [String: Parameter] = [:]
        for parameter in parameters { values[parameter.name] = parameter }
        func whole(_ name: String) -> Int64? { values[name]?.count }
        operation = whole("operation")
        problem = values["errmsg"]?.text.map(LibvirtFailure.line)
        passes = Int(clamping: whole("memory_iteration") ?? 0)
        let throttle = Int(clamping: whole("auto_converge_throttle") ?? 0)
        // Disks that move along are part of the data, and of what is to come.
        figures = MigrationFigures(
            totalMilliseconds: Int(clamping: whole("time_elapsed") ?? 0),
            downtimeMilliseconds: Int(clamping: whole("downtime") ?? 0),
            transferred: Bytes(whole("data_processed") ?? whole("memory_processed") ?? 0),
            passes: passes > 0 ? passes : nil, throttlePercent: throttle > 0 ? throttle : nil)
        progress = MigrationProgress(
            transferred: figures.transferred, remaining: Bytes(whole("data_remaining") ?? 0),
            total: Bytes(whole("data_total") ?? 0))
    }

    /// Whether it has begun and not ended.
    var isUnderWay: Bool { type == 1 || type == 2 }

    /// What it is, for where the domain is in its life.
    var job: DomainState.Job {
        guard type != 0 else { return .none }
        switch operation {
        case 4: return .receiving
        case 5: return .sending
        default: return .other
        }
    }
}
