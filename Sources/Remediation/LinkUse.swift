import FleetModel
import Placement

/// What VMs take of the links of their hosts, and when that is a limit at all.
enum LinkUse {
    /// Bytes a second that the VM takes; `nil` where it is unknown. A VM without an interface on a bridge takes nothing
    /// that anybody counts.
    static func of(_ definition: VirtualMachineDefinition, in readings: LoadReadings?) -> Double? {
        guard let readings else { return nil }
        return readings.virtualMachineNetwork[definition.id] ?? (definition.bridges.isEmpty ? 0 : nil)
    }

    /// The limit of a host whose link carries `speed` bytes a second. There is none where the link, or what a VM there
    /// takes of it, is unknown: one VM of which nothing can be measured must not keep all others away. (It is not moved
    /// itself by an automatic plan where other hosts have a limit.) VMs that take more together than the link's share
    /// that plans fill talk to each other on the host's bridge; each counts with its part of that share.
    static func limit(_ speed: Double?, _ machines: inout [PlacementVM]) -> Double? {
        guard let speed, speed.isFinite, speed > 0 else { return nil }
        var sum = 0.0
        for machine in machines {
            guard let use = machine.traits.networkUse else { return nil }
            sum += use
        }
        // Plans count in whole KiB, upwards.
        let most = max(0, speed * PlannerLimits().bandwidthCeiling - Double(1024 * (machines.count + 1)))
        if sum > most {
            for place in machines.indices {
                machines[place].traits.networkUse = machines[place].traits.networkUse.map { $0 * most / sum }
            }
        }
        return speed
    }
}
