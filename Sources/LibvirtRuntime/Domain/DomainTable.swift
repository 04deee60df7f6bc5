import FleetModel

/// What is known of all domains: a value that events and lists change, without I/O of its own.
struct DomainTable: Sendable {
    /// A domain.
    struct Domain: Hashable, Sendable {
        var id: VirtualMachineID
        /// As libvirt calls it.
        var title: String
        var state: DomainState
        var job = DomainState.Job.unknown
        var description: DomainDescription?
        /// Why the description cannot be read.
        var problem: String?
        var process: Int32?
        /// Whether the daemon has saved its memory.
        var isSaved = false

        /// Where it is in its life, for this host.
        var place: DomainState.Place { state.place(job: job, isSaved: isSaved) }
    }

    private(set) var domains: [VirtualMachineID: Domain] = [:]
    /// What is to be read again, since an event told of it.
    private var stale: Set<VirtualMachineID> = []
    /// What may be on its way to another host.
    private var senders: Set<VirtualMachineID> = []
    /// Whose guest has been halted for another host since the last list began, which may not have seen it.
    private var leaving: Set<VirtualMachineID> = []
    /// When a list last changed anything.
    private var changed: ContinuousClock.Instant?
    /// How many times a list has been taken.
    private(set) var lists = 0
    /// Why Evenkeel only looks at the domains; `nil` where it may act.
    private let readOnly: String?

    init(readOnly: String? = nil) { self.readOnly = readOnly }

    /// Takes note of an event. The next list draws the conclusions, but one: a guest that is on its way to another host
    /// is no longer ours from now on, since it may run there before that list is here.
    mutating func hear(_ event: LibvirtEvent) {
        switch event {
        case .changed(let id): stale.insert(id)
        case .sending(let id): senders.insert(id)
        case .handedOver(let id):
            stale.insert(id)
            leaving.insert(id)
            halt(id)
        case .jobEnded(let id, _): stale.insert(id)
        case .closed: break
        }
    }

    private mutating func halt(_ id: VirtualMachineID) {
        domains[id]?.state = .halted
        domains[id]?.job = .sending
    }

    /// What a list that begins now is to read again. What changes while it is under way is for the next one.
    mutating func beginList() -> Set<VirtualMachineID> {
        defer { (stale, leaving) = ([], []) }
        return stale
    }

    /// Whether it takes libvirt's word for what is under way with a domain in `state`.
    func needsJob(_ id: VirtualMachineID, _ state: DomainState) -> Bool {
        state.needsJob || (senders.contains(id) && state.place(job: .unknown).state == .running)
    }

    /// Takes a whole list, as it is at `moment`, in place of the last.
    mutating func take(_ list: [Domain], at moment: ContinuousClock.Instant) {
        let before = domains
        domains = Dictionary(list.map { ($0.id, $0) }) { first, _ in first }
        if domains != before { changed = moment }
        for id in leaving { halt(id) }
        // Who sends no more is forgotten; one whose job could not be told is asked again.
        senders = senders.filter { id in domains[id].map(\.maySend) ?? false }
        lists += 1
    }

    /// Takes note that the daemon is out of sight: what it says next is all there is.
    mutating func forget() {
        let lists = lists
        self = DomainTable(readOnly: readOnly)
        self.lists = lists
    }

    /// After how long to look again though no event tells of anything. Not every end of a migration is told, and that a
    /// domain has stopped is told before libvirt forgets the domain, of which it tells nobody: so what changed is looked
    /// at again, soon and then ever later.
    func pause(at moment: ContinuousClock.Instant, longest: Duration) -> Duration {
        let shortest = Duration.seconds(1)
        if isMoving { return shortest }
        return min(max(changed.map { moment - $0 } ?? longest, shortest), longest)
    }

    /// Whether a domain's process has not been found: it may not be told from another of the same machine meanwhile.
    var lacksProcess: Bool { domains.values.contains { $0.state.hasProcess && $0.process == nil } }

    /// Whether a domain is on its way to or from another host.
    var isMoving: Bool {
        !senders.isEmpty
            || domains.values.contains { [.incoming, .handedOver, .trailing, .fetching].contains($0.place.state) }
    }

    /// Every domain as a VM of this host, by identity.
    var statuses: [VirtualMachineStatus] {
        domains.values.compactMap { $0.status(readOnly: readOnly) }.sorted { $0.definition.id < $1.definition.id }
    }
}

extension DomainTable.Domain {
    fileprivate var maySend: Bool { place.state == .outgoing || (place.state == .running && job == .unknown) }

    /// The domain as a VM; `nil` for a name of which none can be made.
    fileprivate func status(readOnly: String?) -> VirtualMachineStatus? {
        guard let name = DomainText.name(title, id: id) else { return nil }
        let place = place
        let hasProcess = state.hasProcess
        return VirtualMachineStatus(
            definition: description?.definition(id: id, name: name)
                ?? VirtualMachineDefinition(
                    id: id, name: name, virtualProcessors: 1, memory: .mebibytes(1), machine: "unknown",
                    processorModel: "unknown"),
            state: place.state, accelerator: hasProcess ? description?.accelerator : nil,
            process: hasProcess ? process : nil, problem: problem ?? place.problem,
            manager: VirtualMachineStatus.libvirt,
            readOnly: readOnly)
    }
}

extension DomainState {
    /// Whether a QEMU is there for it.
    var hasProcess: Bool { state != 5 && state != 0 }
}
