import FleetModel

extension Planner {
    /// Checks the reserve of a cluster. `shouldStop` ends a check of many sets of hosts early, undecided.
    /// The report lists where VMs would start, for one set of hosts after the other, as long as these are no more than
    /// `witnessing` lines. After so many `looks` at VMs the answer is undecided, and says how many sets were looked at.
    public func reserve(
        of cluster: ClusterName, failures: Int, on snapshot: FleetSnapshot, witnessing most: Int = 0,
        looks: Int = ReserveCheck.usualLooks, shouldStop: () -> Bool = { false }
    ) -> ReserveReport {
        let question = ReserveQuestion(cluster, snapshot, limits)
        let check = ReserveCheck(question.compiled.fleet)
        var witnesses: [ReserveWitness] = []
        var (proved, listed) = (0, 0)
        let verdict = check.verdict(failures: failures, looks: looks, shouldStop: shouldStop) { witness in
            proved += 1
            listed += witness.machines.count
            if most > 0 && listed <= most { witnesses.append(question.witness(witness)) }
        }
        let protected = verdict.isYes ? nil : question.holdsForProtected(failures, looks, shouldStop)
        let spared = protected.map {
            ", \($0 ? "but" : "and") for its highly available VMs \($0 ? "it holds" : "neither")"
        }
        var report = ReserveReport(
            failures: failures, holds: verdict.isYes,
            reason: question.reason(verdict, failures, proved: proved) + (spared ?? ""),
            isOverCommittedBySlots: failures == 1 ? check.isOverCommittedBySlots() : nil,
            holdsForProtected: protected, uncovered: question.uncovered, proved: proved)
        if verdict.isYes { report.witnesses = witnesses }
        report.isCut = most > 0 && verdict.isYes && witnesses.count < proved
        return report
    }

    /// Whether a cluster can lose just these hosts, all at once, and where their VMs would start; `nil` where one of them
    /// is none of its hosts.
    public func reserve(
        of cluster: ClusterName, losing hosts: [HostName], on snapshot: FleetSnapshot
    ) -> ReserveReport? {
        let question = ReserveQuestion(cluster, snapshot, limits)
        let places = Set(hosts).compactMap { question.compiled.places[$0] }.sorted()
        guard !hosts.isEmpty, places.count == Set(hosts).count else { return nil }
        let (verdict, witness) = ReserveCheck(question.compiled.fleet).verdict(losing: places)
        return ReserveReport(
            failures: places.count, holds: verdict.isYes, reason: question.reason(verdict, places.count, of: places),
            uncovered: question.uncovered, proved: verdict.isYes ? 1 : 0, witnesses: [question.witness(witness)])
    }
}

/// A cluster whose reserve is asked about, and its words.
struct ReserveQuestion {
    let compiled: CompiledCluster
    private let resources: [String]
    /// What some host of the cluster has a limit of.
    private let limited: Set<String>

    init(_ cluster: ClusterName, _ snapshot: FleetSnapshot, _ limits: PlannerLimits) {
        let check = MoveCheck(cluster, of: snapshot, limits: limits)
        compiled = CompiledCluster(cluster, of: snapshot, check: check)
        resources = check.columns?.names ?? []
        limited = Set(resources)
    }

    /// VMs that no reserve covers.
    var uncovered: [String] {
        compiled.machines.indices.filter(compiled.fleet.isPinned).map { compiled.machines[$0].name }
    }

    func witness(_ witness: ReserveCheck.Witness) -> ReserveWitness {
        let starts = zip(witness.machines, witness.refuges).map { machine, refuge in
            (place: Int(compiled.fleet.places[machine]), machine: machine, refuge: refuge)
        }
        return ReserveWitness(
            failed: witness.hosts.map { compiled.hosts[$0].name },
            starts: starts.sorted { ($0.place, $0.machine) < ($1.place, $1.machine) }.map { start in
                ReserveWitness.Start(
                    virtualMachine: compiled.machines[start.machine].name, from: compiled.hosts[start.place].name,
                    refuge: start.refuge.map { compiled.hosts[$0].name })
            })
    }

    /// Where each VM of a host that failed starts; `nil` where no packing of all of them was found.
    func refuges(of failed: PlacementHost) -> [VirtualMachineID: HostName]? {
        guard let place = compiled.places[failed.name] else { return nil }
        let (verdict, witness) = ReserveCheck(compiled.fleet).verdict(losing: [place], alone: true)
        guard verdict.isYes else { return nil }
        var refuges: [VirtualMachineID: HostName] = [:]
        for (machine, refuge) in zip(witness.machines, witness.refuges) {
            refuges[compiled.machines[machine].id] = refuge.map { compiled.hosts[$0].name }
        }
        return refuges
    }

    /// `nil` where no operator wants any VM up before others.
    func holdsForProtected(_ failures: Int, _ looks: Int, _ shouldStop: () -> Bool) -> Bool? {
        let protected = Set(compiled.machines.indices.filter { compiled.machines[$0].traits.isProtected })
        if protected.isEmpty { return nil }
        var fleet = compiled.fleet
        fleet.restartOnly(protected)
        return ReserveCheck(fleet).verdict(failures: failures, looks: looks, shouldStop: shouldStop).isYes
    }

    /// What the verdict rests on; `asked` are hosts that were asked about by name, `proved` says how many sets of hosts were
    /// found to hold.
    func reason(_ verdict: ReserveVerdict, _ failures: Int, of asked: [Int] = [], proved: Int = 0) -> String {
        if failures <= 0 { return "it need not lose any host" }
        let found = found(verdict, failures, of: asked, proved: proved)
        let lost = FailureSets.lost(compiled.fleet).filter { !asked.contains($0) }
        if lost.isEmpty { return found + unmeasured }
        let others = lost.count > 3 ? " and \(Wording.count(lost.count - 3, "other"))" : ""
        return found + "; with room for the VMs of \(names(Array(lost.prefix(3))))\(others), "
            + "which count\(lost.count == 1 ? "s" : "") as lost already" + unmeasured
    }

    /// VMs of which nobody knows what they take of something that hosts have a limit of.
    private var unmeasured: String {
        let missing = compiled.machines.filter { machine in
            limited.contains("disk bandwidth") && machine.traits.diskUse == nil
                || limited.contains("network bandwidth") && machine.traits.networkUse == nil
                || limited.contains("virtual processors") && machine.virtualProcessors == nil
        }
        guard let first = missing.first else { return "" }
        let others = missing.count > 1 ? " and \(Wording.count(missing.count - 1, "other"))" : ""
        return "; what \(first.name)\(others) take\(missing.count == 1 ? "s" : "") of disks, network or processors is "
            + "not known and counts as nothing"
    }

    private func found(_ verdict: ReserveVerdict, _ failures: Int, of asked: [Int], proved: Int) -> String {
        switch verdict {
        case .holds:
            return asked.isEmpty
                ? "for every \(failures == 1 ? "host" : "\(failures) hosts") a place was found for each VM"
                : "a place was found for each VM of \(names(asked))"
        case .fails(let hosts, .noHosts):
            return hosts.isEmpty
                ? "the cluster has no host that could fail"
                : "the cluster has no more than \(Wording.count(hosts.count, "host")) that could fail"
        case .fails(let hosts, let certificate): return "if \(names(hosts)) failed, \(words(certificate))"
        case .undecided(let hosts):
            return hosts.isEmpty
                ? cut(failures, proved)
                : "no place was found for all VMs of \(names(hosts)), nor a proof that there is none"
        }
    }

    /// How far a check came that did not look at every set.
    private func cut(_ failures: Int, _ proved: Int) -> String {
        let able = FailureSets.able(compiled.fleet).count
        let sets = FailureSets.count(among: able, size: failures, most: ReserveCheck.mostSets)
        if sets > ReserveCheck.mostSets {
            return "\(failures) of \(able) hosts are more than \(ReserveCheck.mostSets) sets, too many to look at"
        }
        return "undecided: of \(sets) sets of hosts \(proved) were looked at, and hold, before the check was cut short"
    }

    private func names(_ hosts: [Int]) -> String {
        hosts.map { compiled.hosts[$0].name.description }.joined(separator: " and ")
    }

    private func words(_ certificate: ReserveCertificate) -> String {
        switch certificate {
        case .noHosts: return "there would be no other host"
        case .fitsNowhere(let machine): return "\(compiled.machines[machine].name) would fit nowhere"
        case .tooLittle(let resource):
            return "the others would have too little \(resources[resource]) for all of the VMs"
        case .tooMany(let count, let places, let size, let resource):
            return
                "\(count) of the VMs need \(amount(size, of: resources[resource])) or more each, and the others have room for \(places) like that"
        case .tried: return "the VMs would not all fit on the others, whichever way: every way was tried"
        }
    }

    /// An amount as people read it; the units are those of `ResourceColumns`.
    private func amount(_ size: Int64, of resource: String) -> String {
        switch resource {
        case "virtual processors": "\(size) virtual processors"
        case "disk bandwidth", "network bandwidth": "\(Bytes(size << 10)) a second of \(resource)"
        default: "\(Bytes(size << 20)) of \(resource)"
        }
    }
}
