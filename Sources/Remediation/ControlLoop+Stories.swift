import FleetModel

/// Tips that have one cause as far as can be seen are one story, told by its first tip.
extension ControlLoop {
    /// How far apart the first and the next tip of a story are at most.
    private static let storySpan = Duration.seconds(600)
    /// How far apart a finding about a cluster and one about a host of it may have begun to be of one cause.
    private static let clusterSpan = Duration.seconds(120)

    /// The story that a new tip belongs to: that of the host on which the VM runs, or one that began a moment ago and is
    /// about the same as far as can be seen.
    func story(of tip: Tip) -> Int64? {
        var home: HostName?
        if case .virtualMachine(let id, _) = tip.subject {
            home = hosts.values.first { $0.report.owns(id) }?.report.host
        }
        let own: HostName? = tip.subject.host
        let ownDomain = own.flatMap { domain(of: $0, in: tip.subject.cluster) }
        var first: (number: Int64, story: Int64)?
        for other in tips.values.lazy.map(\.tip) where other.subject.cluster == tip.subject.cluster {
            guard other.number < first?.number ?? .max else { continue }
            let isHome = home != nil && other.subject.host == home
            if isHome || isOfOneCause(tip, other, ownDomain) { first = (other.number, other.story ?? other.number) }
        }
        return first?.story
    }

    /// Whether an open tip of the same cluster tells of the same: the same rule about another object (a dead switch silences
    /// many hosts), another rule about the same object, another rule about a host of the same failure domain, or the
    /// cluster's side of what happens to a host, and the other way round.
    private func isOfOneCause(_ tip: Tip, _ other: Tip, _ ownDomain: String?) -> Bool {
        guard tip.raised - other.raised <= Self.storySpan else { return false }
        // What does the same for the same object takes the other's place.
        if other.subject == tip.subject { return !other.sharesRemedy(with: tip) }
        if other.pack == tip.pack && other.alert == tip.alert { return true }
        switch (tip.subject, other.subject) {
        case (.host, .host(let host, let cluster)):
            return ownDomain != nil && domain(of: host, in: cluster) == ownDomain
        case (.cluster, .host), (.host, .cluster):
            let apart = (tip.since ?? tip.raised) - (other.since ?? other.raised)
            return apart <= Self.clusterSpan && .zero - apart <= Self.clusterSpan
        default: return false
        }
    }

    /// The failure domain that an operator put a host in.
    private func domain(of host: HostName, in cluster: ClusterName) -> String? {
        policy.clusters[cluster]?.domains?.filter { $0.value.contains(host) }.keys.min()
    }

    /// A tip about a host takes in the tips about its VMs that stood alone, and those that these were the first of.
    mutating func gatherStory(of tip: Tip) {
        guard let host = tip.subject.host, let report = hosts[host]?.report else { return }
        let story = tip.story ?? tip.number
        let alone = tips.values.lazy.map(\.tip).filter { other in
            guard other.story == nil, other.number != story, case .virtualMachine(let id, _) = other.subject else {
                return false
            }
            return report.owns(id)
        }
        let firsts = Set(alone.map(\.number))
        if firsts.isEmpty { return }
        let joining = tips.values.map(\.tip).filter { other in
            firsts.contains(other.number) || other.story.map(firsts.contains) ?? false
        }
        for number in joining.map(\.number).sorted() where number != tip.number {
            tips[number]?.update { $0.story = story }
            if let joined = tips[number]?.tip { outbox.save(joined) }
        }
    }
}

extension HostReport {
    fileprivate func owns(_ id: VirtualMachineID) -> Bool {
        virtualMachines.contains { $0.definition.id == id && $0.state.ownsGuest }
    }
}
