import FleetModel

/// What Hyper-V, or Windows, counts on: an object of its performance counters with its instances.
public struct HyperVObject: Hashable, Sendable {
    /// Where an object's instances come from, and what they are called.
    public struct Instances: Hashable, Sendable {
        /// The native series that there are as many of as instances, or more.
        public var source: CounterTerm
        /// The labels that tell instances apart, in the order by which instances are listed.
        public var labels: [String]
        /// An instance's name with labels in braces: `{name}:Hv VP {vp}`; `nil` where only all together are shown.
        public var naming: String?
        /// What all of them together are called; `nil` where they are not shown together.
        public var total: String?

        /// An instance's name.
        func name(of instance: Labels) -> String {
            var text = naming ?? ""
            for label in labels { text = text.replacing("{\(label)}", with: instance[label] ?? "") }
            return text
        }
    }

    /// The object's name.
    public var name: String
    /// Its instances; `nil` for an object that is there once.
    public var instances: Instances?

    init(_ name: String, _ instances: Instances? = nil) {
        self.name = name
        self.instances = instances
    }
}

extension HyperVObject {
    /// Windows' own name for all instances together.
    private static let totalName = "_Total"

    static let hypervisor = HyperVObject("Hyper-V Hypervisor")
    static let logicalProcessor = HyperVObject(
        "Hyper-V Hypervisor Logical Processor",
        Instances(source: CounterTerm(.logicalProcessorRun), labels: ["lp"], naming: "Hv LP {lp}", total: totalName))
    static let rootProcessor = HyperVObject(
        "Hyper-V Hypervisor Root Virtual Processor",
        Instances(source: CounterTerm(.logicalProcessorRun), labels: ["lp"], naming: "Root VP {lp}", total: totalName))
    static let virtualProcessor = HyperVObject(
        "Hyper-V Hypervisor Virtual Processor",
        Instances(
            source: CounterTerm(.virtualProcessorRun), labels: ["name", "vm", "vp"], naming: "{name}:Hv VP {vp}",
            total: totalName))
    static let partition = HyperVObject(
        "Hyper-V Hypervisor Partition",
        Instances(
            source: CounterTerm(.machineInformation), labels: ["name", "vm"], naming: "{name}:HvPt", total: totalName))
    static let virtualInfrastructure = HyperVObject(
        "Hyper-V VM Vid Partition",
        Instances(source: CounterTerm(.machineInformation), labels: ["name", "vm"], naming: "{name}", total: totalName))
    static let dynamicMemory = HyperVObject(
        "Hyper-V Dynamic Memory VM",
        Instances(source: CounterTerm(.machineInformation), labels: ["name", "vm"], naming: "{name}", total: nil))
    /// The VMs whose guests say what they want of memory, all together.
    static let balancer = HyperVObject(
        "Hyper-V Dynamic Memory Balancer",
        Instances(
            source: CounterTerm(.guestPressure), labels: ["name", "vm"], naming: nil, total: "System Balancer"))
    /// The same, as far as it is about the host.
    static let hostBalancer = HyperVObject(
        "Hyper-V Dynamic Memory Balancer",
        Instances(source: CounterTerm(.memoryAvailable), labels: [], naming: "System Balancer", total: nil))
    static let storageDevice = HyperVObject(
        "Hyper-V Virtual Storage Device",
        Instances(
            source: CounterTerm(.machineDiskBytes), labels: ["name", "vm", "disk"], naming: "{name}-{disk}", total: nil)
    )
    static let networkAdapter = HyperVObject(
        "Hyper-V Virtual Network Adapter",
        Instances(
            source: CounterTerm(.machineNetworkBytes), labels: ["name", "vm", "interface"],
            naming: "{name}_{interface}", total: nil))
    static let memory = HyperVObject("Memory")
    static let node = HyperVObject(
        "NUMA Node Memory",
        Instances(source: CounterTerm(.nodeMemory), labels: ["node"], naming: "{node}", total: totalName))
    static let system = HyperVObject("System")
    static let physicalDisk = HyperVObject(
        "PhysicalDisk",
        Instances(source: CounterTerm(.diskBytes), labels: ["device"], naming: "{device}", total: totalName))
    /// As in Windows without `_Total`: traffic of a bridge and of what is on it must not be added up.
    static let networkInterface = HyperVObject(
        "Network Interface",
        Instances(
            source: CounterTerm(.networkBytes), labels: ["interface"], naming: "{interface}", total: nil))
}
