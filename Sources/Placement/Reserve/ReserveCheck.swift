/// Checks the reserve of a fleet from cold, for any number of failures.
///
/// Survivors' own VMs stay where they are, and every hard resource and rule counts. Hosts that are lost already take
/// nothing in, and their VMs need places beside those of every set: nobody else has room for them. Each set of hosts that
/// may fail is packed by itself: see `FailurePacking`.
public struct ReserveCheck: Sendable {
    /// More sets than that are not tried.
    public static let mostSets = 1_000_000
    /// VMs for which a check looks for hosts where nobody says for how many: a set of hosts counts as many as it has. So
    /// many are looked at in about half a second.
    public static let usualLooks = 8_000_000
    /// Steps of all searches of a check.
    private static let steps = 6_000_000

    /// Where the VMs of a set of hosts would start.
    struct Witness {
        let hosts: [Int]
        /// The VMs that have to start elsewhere.
        let machines: [Int]
        /// The host of each; `nil` where none was found for it.
        let refuges: [Int?]
    }

    private let holdings: Holdings
    private var fleet: DenseFleet { holdings.fleet }
    /// The VMs of each host that would have to be started elsewhere.
    private let wards: WardLists
    /// Hosts that are lost already and whose VMs need a place, whatever else fails.
    let lost: [Int]

    /// A check of a fleet as it is.
    public init(_ fleet: DenseFleet) { self.init(fleet, holding: []) }

    /// A check of a fleet with moves under way: each VM counts on both sides.
    init(_ fleet: DenseFleet, holding moves: [DenseMove]) {
        var holdings = Holdings(fleet)
        for move in moves { holdings.hold(move.machine, on: move.to) }
        self.holdings = holdings
        lost = FailureSets.lost(fleet)
        wards = WardLists(holdings)
    }

    /// The verdict for `failures` hosts at a time. `shouldStop` is asked between sets; a check that was stopped, or that has
    /// looked at so many VMs, is undecided.
    public func verdict(
        failures: Int, looks: Int = Self.usualLooks, shouldStop: () -> Bool = { false }
    ) -> ReserveVerdict {
        verdict(failures: failures, looks: looks, shouldStop: shouldStop, showing: { _ in })
    }

    /// The same, with the witness of every set that was proved, in order, until one is not.
    func verdict(
        failures: Int, looks: Int, shouldStop: () -> Bool, showing show: (Witness) -> Void
    ) -> ReserveVerdict {
        if failures <= 0 { return .holds }
        let able = FailureSets.able(fleet)
        if able.count <= failures { return .fails(hosts: able, because: .noHosts) }
        guard FailureSets.count(among: able.count, size: failures, most: Self.mostSets) <= Self.mostSets else {
            return .undecided(hosts: [])
        }
        var verdict = ReserveVerdict.holds
        var packing = FailurePacking(fleet)
        var steps = Self.steps
        var number = 0
        var looks = looks
        FailureSets.visit(able, failures) { hosts in
            if looks <= 0 || shouldStop() {
                verdict = .undecided(hosts: [])
                return false
            }
            number += 1
            switch pack(hosts, salt: failures == 1 ? hosts[0] : number, &packing, &steps) {
            case .packed: if verdict == .holds { show(witness(packing)) }
            case .impossible(let certificate): verdict = .fails(hosts: hosts, because: certificate)
            case .unknown: if verdict == .holds { verdict = .undecided(hosts: hosts) }
            }
            looks -= packing.wards.count + 1
            if case .fails = verdict { return false }
            return true
        }
        return verdict
    }

    /// The verdict for the loss of just these hosts, and where their VMs would start: as many of them as can. Those of hosts
    /// that are lost already need places as well, unless only these hosts count (`alone`).
    func verdict(losing hosts: [Int], alone: Bool = false) -> (verdict: ReserveVerdict, witness: Witness) {
        var packing = FailurePacking(fleet)
        var steps = Self.steps
        let verdict: ReserveVerdict
        switch pack(hosts, salt: hosts.first ?? 0, &packing, &steps, keepsMost: true, alone: alone) {
        case .packed: verdict = .holds
        case .impossible(let certificate): verdict = .fails(hosts: hosts, because: certificate)
        case .unknown: verdict = packing.losesAny ? .undecided(hosts: hosts) : .holds
        }
        return (verdict, witness(packing))
    }

    private func pack(
        _ hosts: [Int], salt: Int, _ packing: inout FailurePacking, _ steps: inout Int, keepsMost: Bool = false,
        alone: Bool = false
    ) -> FailurePacking.Outcome {
        let hosts = lost.isEmpty || alone ? hosts : hosts + lost.filter { !hosts.contains($0) }
        packing.begin(hosts)
        wards.visit(hosts) { packing.add($0, holdings) }
        return packing.pack(holdings, salt: salt, steps: &steps, keepsMost: keepsMost)
    }

    private func witness(_ packing: FailurePacking) -> Witness {
        Witness(
            hosts: packing.failed, machines: packing.wards.map(Int.init),
            refuges: packing.refuges.map { $0 >= 0 ? Int($0) : nil })
    }

    /// SCVMM 2012's formula, for comparison: over-committed if, for some host that fails, the memory of its VMs other
    /// than the largest is more than the sum of what each survivor has beyond that largest VM. Slots of the largest
    /// VM's size make it say no where everything would fit.
    public func isOverCommittedBySlots() -> Bool {
        guard holdings.resources > 0 else { return false }
        for failed in FailureSets.able(fleet) {
            var sizes: [Int64] = []
            wards.visit([failed]) { sizes.append($0.need) }
            let largest = sizes.max() ?? 0
            let extra = holdings.order.reduce(0) { sum, host in
                host == Int32(failed) ? sum : sum + max(0, holdings.free[Int(host) * holdings.resources] - largest)
            }
            if sizes.reduce(0, +) - largest > extra { return true }
        }
        return false
    }
}
