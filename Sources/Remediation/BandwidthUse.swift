import FleetModel
import Placement

/// What VMs take of the links and disks of their hosts, and when that is a limit at all.
enum BandwidthUse {
    /// Bytes a second that the VM takes of its host's links; `nil` where it is unknown. A VM without an interface on a
    /// bridge takes nothing that anybody counts.
    static func ofLinks(_ definition: VirtualMachineDefinition, in readings: LoadReadings?) -> Double? {
        guard let readings else { return nil }
        return readings.virtualMachineNetwork[definition.id] ?? (definition.bridges.isEmpty ? 0 : nil)
    }

    /// Bytes a second that the VM reads from its disks and writes to them; `nil` where it is unknown.
    static func ofDisks(_ definition: VirtualMachineDefinition, in readings: LoadReadings?) -> Double? {
        guard let readings else { return nil }
        return readings.virtualMachineDisk[definition.id] ?? (definition.disks.isEmpty ? 0 : nil)
    }

    /// The limit of a host whose links or disks carry `speed` bytes a second, of which each VM takes its `use`. There is
    /// none where the speed, or what a VM there takes, is unknown: one VM of which nothing can be measured must not keep
    /// all others away. (It is not moved itself by an automatic plan where other hosts have a limit.) VMs that take more
    /// together than the share of it that plans fill talk to each other on the host's bridge, or are served from a cache;
    /// each counts with its part of that share.
    static func limit(
        _ speed: Double?, _ machines: inout [PlacementVM], _ use: WritableKeyPath<MachineTraits, Double?>
    ) -> Double? {
        guard let speed, speed.isFinite, speed > 0 else { return nil }
        var sum = 0.0
        for machine in machines {
            guard let use = machine.traits[keyPath: use] else { return nil }
            sum += use
        }
        // Plans count in whole KiB, upwards.
        let most = max(0, speed * PlannerLimits().bandwidthCeiling - Double(1024 * (machines.count + 1)))
        if sum > most {
            for place in machines.indices {
                machines[place].traits[keyPath: use] = machines[place].traits[keyPath: use].map { $0 * most / sum }
            }
        }
        return speed
    }
}
