import FleetModel

/// Tips that have one cause as far as can be seen are one story, told by its first tip.
extension ControlLoop {
    /// How far apart the first and the next tip of a story are at most.
    private static let storySpan = Duration.seconds(600)

    /// The story that a new tip belongs to: one of the same rule in the same cluster that began a moment ago (a dead
    /// switch silences many hosts), or that of the host on which the VM runs.
    func story(of tip: Tip) -> Int64? {
        var home: HostName?
        if case .virtualMachine(let id, _) = tip.subject {
            home = hosts.values.first { $0.report.owns(id) }?.report.host
        }
        var first: (number: Int64, story: Int64)?
        for other in tips.values.lazy.map(\.tip) where other.subject.cluster == tip.subject.cluster {
            guard other.subject != tip.subject, other.number < first?.number ?? .max else { continue }
            let isHome = home != nil && other.subject.host == home
            let isLike =
                other.pack == tip.pack && other.alert == tip.alert && tip.raised - other.raised <= Self.storySpan
            if isHome || isLike { first = (other.number, other.story ?? other.number) }
        }
        return first?.story
    }

    /// A tip about a host takes in the tips about its VMs that stood alone.
    mutating func gatherStory(of tip: Tip) {
        guard let host = tip.subject.host, let report = hosts[host]?.report else { return }
        let joining = tips.values.lazy.map(\.tip).filter { other in
            guard other.story == nil, other.number != tip.number, case .virtualMachine(let id, _) = other.subject else {
                return false
            }
            return report.owns(id)
        }.map(\.number)
        for number in joining.sorted() {
            tips[number]?.update { $0.story = tip.story ?? tip.number }
            if let joined = tips[number]?.tip { outbox.save(joined) }
        }
    }
}

extension HostReport {
    fileprivate func owns(_ id: VirtualMachineID) -> Bool {
        virtualMachines.contains { $0.definition.id == id && $0.state.ownsGuest }
    }
}
