import FleetModel

extension SimulatedFleet {
    /// Hosts of four LPs and 64 GiB in one cluster, each with `machinesPerHost` VMs whose load follows the day. VMs that
    /// start on one host peak at about the same hour, so that hosts run hot one after the other and moving helps.
    public static func random(
        hosts count: Int, machinesPerHost: Int, using generator: inout some RandomNumberGenerator
    ) -> SimulatedFleet {
        guard let cluster = ClusterName("main") else { return SimulatedFleet(hosts: []) }
        let names = (1...max(1, count)).compactMap { HostName("h\($0)") }
        let hosts = names.map {
            SimulatedHost(name: $0, cluster: cluster, logicalProcessors: 4, memory: .gibibytes(64))
        }
        var fleet = SimulatedFleet(hosts: hosts)
        for (place, host) in names.enumerated() {
            let peak = Double(place) * 24 / Double(max(1, names.count))
            for number in 0..<machinesPerHost {
                guard let name = Name<VirtualMachineKind>("vm-\(host)-\(number)") else { continue }
                let definition = VirtualMachineDefinition(
                    id: .random(using: &generator), name: name, virtualProcessors: 2,
                    memory: .gibibytes(Int64.random(in: 1...8, using: &generator)), accelerator: .kvm)
                let demand = Demand.random(peak: peak, using: &generator)
                fleet.start(SimulatedVM(definition: definition, demand: demand), on: host)
            }
        }
        return fleet
    }
}

extension Demand {
    fileprivate static func random(peak: Double, using generator: inout some RandomNumberGenerator) -> Demand {
        if Int.random(in: 0..<5, using: &generator) == 0 {
            return .bursts(
                low: 0.1, high: Double.random(in: 0.8...1.8, using: &generator),
                period: .seconds(Int.random(in: 7200...28_800, using: &generator)),
                length: .seconds(Int.random(in: 1800...3600, using: &generator)),
                offset: .seconds(Int.random(in: 0..<7200, using: &generator)))
        }
        return .daily(
            low: Double.random(in: 0.1...0.3, using: &generator), high: Double.random(in: 0.7...1.3, using: &generator),
            peakHour: peak + Double.random(in: -1...1, using: &generator))
    }
}
