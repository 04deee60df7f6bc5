extension VirtualMachineDefinition {
    /// How much of a host a VM is given; `nil` for what stays as it is.
    public struct Size: Hashable, Codable, Sendable {
        /// How many virtual processors.
        public var virtualProcessors: Int?
        /// The guest's memory.
        public var memory: Bytes?

        /// A size.
        public init(virtualProcessors: Int? = nil, memory: Bytes? = nil) {
            self.virtualProcessors = virtualProcessors
            self.memory = memory
        }
    }

    /// The part of the memory that its process began with: all that was not added later.
    public var memoryAtStart: Bytes { Bytes(memory.count - memoryModules.reduce(0) { $0 + $1.count }) }

    /// The VM as it is when it is started from nothing: what was added while it ran is part of it, and what waited for
    /// a start has come.
    public var forStart: Self {
        var changed = self
        changed.memoryModules = []
        changed.atNextStart = nil
        if let processors = atNextStart?.virtualProcessors { changed.virtualProcessors = processors }
        if let memory = atNextStart?.memory { changed.memory = memory }
        if let most = maximumProcessors { changed.maximumProcessors = max(most, changed.virtualProcessors) }
        if let most = maximumMemory { changed.maximumMemory = max(most, changed.memory) }
        return changed
    }
}
