extension VirtualMachineDefinition {
    /// The bridges that its interfaces are connected to: what a host must have for it to run there.
    public var bridges: Set<String> {
        var bridges: Set<String> = []
        for interface in networkInterfaces {
            if case .bridge(let name) = interface.connection { bridges.insert(name) }
        }
        return bridges
    }
}
