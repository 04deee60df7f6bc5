import FleetModel

extension SimulatedFleet {
    /// A policy that gives the loop something to keep: a reserve of one host, two VMs apart that are apart, one that
    /// never runs on one of the hosts, and a nightly blackout.
    public func samplePolicy() throws(PolicyProblem) -> FleetPolicy {
        var policy = FleetPolicy()
        var cluster = ClusterPolicy()
        cluster.reserve = 1
        for name in Set(hosts.values.map(\.cluster)).sorted() {
            policy = try policy.applying(.setCluster(name, cluster))
        }
        let names = hosts.keys.sorted()
        let firsts = names.compactMap { hosts[$0]?.processes.keys.min() }
        if firsts.count > 1 {
            policy = try policy.applying(
                .addConstraint(Constraint(kind: .antiAffinity, machines: Array(firsts.prefix(2)))))
        }
        if let last = names.last, let machine = firsts.first, names.count > 1 {
            policy = try policy.applying(.addConstraint(Constraint(kind: .avoid, machines: [machine], hosts: [last])))
        }
        let night = PolicyWindow(name: "night", kind: .blackout, zone: "Europe/Berlin", from: 180, to: 240)
        return try policy.applying(.setWindow(night))
    }
}
