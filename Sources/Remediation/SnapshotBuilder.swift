import FleetModel
import Placement

/// A move that loads do not fully show yet: it is under way, or it ended inside the window that loads are averaged over.
public struct RecentMove: Sendable, Hashable {
    /// The operation that moves, or moved, the VM.
    public var operation: Int64
    /// The VM.
    public var virtualMachine: VirtualMachineID
    /// Where it comes from.
    public var source: HostName
    /// Where it goes.
    public var destination: HostName
    /// When it got there; `nil` while it is under way.
    public var ended: Timestamp?

    /// A move.
    public init(
        operation: Int64, virtualMachine: VirtualMachineID, source: HostName, destination: HostName, ended: Timestamp?
    ) {
        self.operation = operation
        self.virtualMachine = virtualMachine
        self.source = source
        self.destination = destination
        self.ended = ended
    }
}

/// Makes the planner's picture of the fleet from what agents reported and what was measured. What is stale is unknown.
public struct SnapshotBuilder: Sendable {
    /// Hosts whose last report is older than this take no part.
    public var reportAgeLimit: Duration
    /// Loads that were read longer ago than this are unknown.
    public var readingsAgeLimit: Duration

    /// A builder with these limits.
    public init(reportAgeLimit: Duration, readingsAgeLimit: Duration) {
        self.reportAgeLimit = reportAgeLimit
        self.readingsAgeLimit = readingsAgeLimit
    }

    /// The fleet at `time`. `moves` are those under way and those that ended lately; `settled` tells when hosts and VMs
    /// were last part of a move that cool-downs count.
    public func snapshot(
        version: Int64, of records: some Collection<HostRecord>, readings: LoadReadings?, moves: [RecentMove],
        settled: LastMoves = LastMoves(), demand: DemandBook = DemandBook(), rules: [PlacementRule] = [],
        preferences: [PlacementPreference] = [], reserve failures: Int = 0, at time: Timestamp
    ) -> FleetSnapshot {
        let fresh = readings.flatMap { Self.isFresh($0.time, at: time, limit: readingsAgeLimit) ? $0 : nil }
        let shifts = LoadShifts(moves, readings: fresh)
        var hosts = records.map { record in
            host(record, readings: fresh, shifts: shifts, moves: moves, settled: settled, demand: demand, at: time)
        }
        for move in moves where move.ended == nil { reserve(move, in: &hosts) }
        return FleetSnapshot(
            version: version, time: time, hosts: hosts, rules: rules, reserve: failures, preferences: preferences)
    }

    /// Whether `moment` is not too long before `time`, nor impossibly long after it (a clock was set back).
    static func isFresh(_ moment: Timestamp, at time: Timestamp, limit: Duration) -> Bool {
        time - moment <= limit && moment - time <= limit
    }

    private func host(
        _ record: HostRecord, readings: LoadReadings?, shifts: LoadShifts, moves: [RecentMove], settled: LastMoves,
        demand: DemandBook, at time: Timestamp
    ) -> PlacementHost {
        let report = record.report
        let isFresh = Self.isFresh(record.received, at: time, limit: reportAgeLimit)
        var machines = report.virtualMachines.compactMap { status in
            machine(status, on: report, readings: readings, moves: moves, settled: settled, demand: demand, at: time)
        }
        let link = BandwidthUse.limit(readings?.hostLink[report.host], &machines, \.networkUse)
        let disks = BandwidthUse.limit(
            report.capabilities?.diskBandwidth.map { Double($0.count) }, &machines, \.diskUse)
        let measured = readings?.hostProcessorUse[report.host]
        return PlacementHost(
            name: report.host, cluster: report.cluster,
            unavailableReason: isFresh ? nil : "its agent has not reported since \(record.received.text)",
            isSilent: !isFresh,
            logicalProcessors: report.logicalProcessors, memory: report.memory,
            memoryAvailable: isFresh ? report.memoryAvailable : nil,
            processorUse: measured.flatMap { shifts.corrected($0, of: report) }, accelerator: report.accelerator,
            lastMoved: settled.hosts[report.host], virtualMachines: machines,
            traits: HostTraits(
                processorModels: report.capabilities.flatMap { known in
                    known.processorModels.isEmpty ? nil : Set(known.processorModels)
                },
                diskBandwidth: disks, networkBandwidth: link,
                migrationBandwidth: report.capabilities?.migrationBandwidth.map { Double($0.count) },
                localSpace: Self.localSpace(of: report),
                datastores: report.capabilities?.sharedFileSystems.map { Set($0.map(\.datastore)) },
                networks: report.capabilities?.bridges.map(Set.init)))
    }

    /// Space such that local disks can still come as far as the folder's share that plans fill has room for them, now and
    /// once disks that grow (qcow2) have grown to their whole size. What is there already is always within it: a folder
    /// that is too full keeps nobody away who brings no disk.
    private static func localSpace(of report: HostReport) -> Bytes? {
        guard let space = report.capabilities?.localSpace else { return nil }
        let ceiling = PlannerLimits().bandwidthCeiling
        let mebibyte = 1_048_576.0
        // As plans count: each VM's in whole MiB.
        let there = report.virtualMachines.filter { $0.state != .incoming }.reduce(0.0) { sum, machine in
            sum + (Double(machine.localDisks.count) / mebibyte).rounded(.up) * mebibyte
        }
        let total = Double(space.total.count)
        let left = min(Double(space.available.count), total - there) - total * (1 - ceiling)
        return Bytes(nearest: (there + mebibyte + max(0, left)) / ceiling)
    }

    /// `nil` for a VM that holds nothing of the host.
    private func machine(
        _ status: VirtualMachineStatus, on report: HostReport, readings: LoadReadings?, moves: [RecentMove],
        settled: LastMoves, demand: DemandBook, at time: Timestamp
    ) -> PlacementVM? {
        let definition = status.definition
        let moving = moves.first { $0.virtualMachine == definition.id && $0.ended == nil }
        let immovable: String?
        switch status.state {
        case .stopped, .saved, .crashed: return nil
        case .running: immovable = moving.map { "operation \($0.operation) moves it" } ?? status.readOnly
        case .paused: immovable = "it is paused"
        case .incoming, .fetching, .outgoing, .trailing, .handedOver: immovable = "it is being moved"
        case .unknown: immovable = "nobody knows how it is: its process does not answer"
        }
        return PlacementVM(
            id: definition.id, name: definition.name.text, memory: definition.memory,
            residentMemory: status.residentMemory, processorUse: readings?.virtualMachineUse[definition.id],
            processorWait: readings?.virtualMachineWait[definition.id],
            virtualProcessors: definition.virtualProcessors, accelerator: status.accelerator, immovable: immovable,
            lastMoved: settled.virtualMachines[definition.id],
            forecast: demand.forecast(of: definition.id, at: time),
            traits: traits(of: status, on: report, readings: readings, settled: settled, demand: demand))
    }

    /// What is known of the VM beside its loads. A CPU model that its own host does not list as one (a baseline that
    /// nobody has looked up yet, another manager's name for it) asks nothing of other hosts here; neither does a bridge
    /// that its own host lists no such one of (Open vSwitch's).
    private func traits(
        of status: VirtualMachineStatus, on report: HostReport, readings: LoadReadings?, settled: LastMoves,
        demand: DemandBook
    ) -> MachineTraits {
        let definition = status.definition
        let isListed = report.capabilities?.processorModels.contains(definition.processorModel) ?? false
        return MachineTraits(
            processorModel: isListed ? definition.processorModel : nil,
            diskUse: BandwidthUse.ofDisks(definition, in: readings),
            networkUse: BandwidthUse.ofLinks(definition, in: readings),
            dirtyRate: dirtyRate(of: status, on: report),
            localDisks: status.localDisks,
            datastores: definition.datastores(among: report.capabilities?.sharedFileSystems ?? []),
            networks: networks(of: definition, on: report), priority: definition.priority,
            // What lies on a host alone is lost with it: nobody can start the VM elsewhere then.
            isHighlyAvailable: status.localDisks == .zero && !definition.disks.contains(where: \.isLocal),
            cameFrom: settled.origins[definition.id], usualPeak: demand.usualPeak(of: definition.id),
            memoryPeak: demand.memoryPeak(of: definition.id))
    }

    /// What its interfaces are connected to, as far as its definition tells.
    private func networks(of definition: VirtualMachineDefinition, on report: HostReport) -> Set<String> {
        let bridges = definition.bridges
        guard !bridges.isEmpty, let known = report.capabilities?.bridges else { return bridges }
        return bridges.intersection(known)
    }

    /// Bytes a second, from the survey's shortest look; a guest that writes faster than its pages can be sent is slowed
    /// down or followed by its memory, so that it counts as nearly as fast as the migration at most.
    private func dirtyRate(of status: VirtualMachineStatus, on report: HostReport) -> Double? {
        guard let survey = status.survey, report.time - survey.time <= ControlLoop.surveyAgeLimit,
            let change = survey.changes.first, change.milliseconds > 0, change.share.isFinite
        else { return nil }
        let written = Double(status.definition.memory.count) * min(1, max(0, change.share))
        let bandwidth =
            report.capabilities?.migrationBandwidth.map { Double($0.count) } ?? PlannerLimits().usualBandwidth
        return min(written * 1000 / Double(change.milliseconds), bandwidth / 2)
    }

    /// A VM on its way counts at its destination as well, from the moment that the move is written down.
    private func reserve(_ move: RecentMove, in hosts: inout [PlacementHost]) {
        guard let place = hosts.firstIndex(where: { $0.name == move.destination }),
            !hosts[place].virtualMachines.contains(where: { $0.id == move.virtualMachine }),
            let source = hosts.first(where: { $0.name == move.source }),
            var machine = source.virtualMachines.first(where: { $0.id == move.virtualMachine })
        else { return }
        machine.immovable = "operation \(move.operation) moves it"
        machine.residentMemory = .zero
        hosts[place].virtualMachines.append(machine)
        hosts[place].memoryAvailable = hosts[place].memoryAvailable.map { max(.zero, $0 - machine.memory) }
    }
}

/// When hosts and VMs were last part of a move that cool-downs count.
public struct LastMoves: Sendable, Hashable {
    /// By host, as source or destination.
    public var hosts: [HostName: Timestamp]
    /// By VM.
    public var virtualMachines: [VirtualMachineID: Timestamp]
    /// Where each of those VMs came from.
    public var origins: [VirtualMachineID: HostName]

    /// The last moves; none without arguments.
    public init(
        hosts: [HostName: Timestamp] = [:], virtualMachines: [VirtualMachineID: Timestamp] = [:],
        origins: [VirtualMachineID: HostName] = [:]
    ) {
        self.hosts = hosts
        self.virtualMachines = virtualMachines
        self.origins = origins
    }
}

/// What moves will still add to loads that are averaged over a window reaching back before them.
///
/// Only the destination is corrected. The guest left its source some unknown time before the operation's end (answers
/// may take long), so taking its load off the source would take too much off, and the next plan would rest on room that
/// is not there. Counting it on both sides for a minute does no harm.
private struct LoadShifts {
    /// By host, in logical processors; `nil` where a VM's own use is unknown.
    private var processors: [HostName: Double?] = [:]

    init(_ moves: [RecentMove], readings: LoadReadings?) {
        guard let readings else { return }
        for move in moves {
            let share = Self.unseenShare(of: move, in: readings)
            if share <= 0 { continue }
            let use = readings.virtualMachineUse[move.virtualMachine].map { $0 * share }
            let sum = processors[move.destination] ?? 0
            processors[move.destination] = .some(sum.flatMap { sum in use.map { sum + $0 } })
        }
    }

    /// How much of the window lies before the VM's arrival.
    private static func unseenShare(of move: RecentMove, in readings: LoadReadings) -> Double {
        guard let ended = move.ended else { return 1 }
        let seen = (readings.time - ended).inSeconds
        return min(1, max(0, 1 - seen / max(readings.window.inSeconds, 0.001)))
    }

    func corrected(_ measured: Double, of report: HostReport) -> Double? {
        guard let shift = processors[report.host] else { return measured }
        guard let shift, report.logicalProcessors > 0 else { return nil }
        return min(1, measured + shift / Double(report.logicalProcessors))
    }
}
