import FleetModel

/// More or less of what a VM has.
extension DomainControl {
    func resize(
        _ id: VirtualMachineID, _ processors: Int?, _ memory: Bytes?
    ) async throws(LibvirtError) -> HostTaskAnswer {
        if let processors, !(1...255).contains(processors) {
            return .refused("\(processors) virtual processors are not 1 to 255")
        }
        if let memory, let problem = Self.objection(to: memory) { return .refused(problem) }
        guard let sight = try await sight(id) else { return Self.notKnown(id) }
        switch sight.place {
        case .running, .paused, .stopped, .crashed: break
        default: return Self.refused(sight.place)
        }
        let answer = try await domain(id, "resize") { domain throws(LibvirtError) -> HostTaskAnswer in
            let (most, isLive) = (try domain.description(), sight.state.hasProcess)
            if isLive, let processors, processors > most.maximumProcessors {
                return .refused(
                    "the VM was started with room for \(most.maximumProcessors) virtual processors: stop it first")
            }
            if isLive, let memory, memory > most.memory {
                return .refused("the VM was started with room for \(most.memory) of memory: stop it first")
            }
            if let processors {
                try domain.setProcessors(processors, of: most.maximumProcessors, sight)
            }
            if let memory { try domain.setMemory(memory, of: most.memory, sight) }
            return .done
        }
        return answer ?? Self.notKnown(id)
    }

    func balloon(_ id: VirtualMachineID, _ memory: Bytes) async throws(LibvirtError) -> HostTaskAnswer {
        if let problem = Self.objection(to: memory) { return .refused(problem) }
        guard let sight = try await sight(id) else { return Self.notKnown(id) }
        guard sight.place == .running || sight.place == .paused else { return Self.refused(sight.place) }
        let answer = try await domain(id, "balloon") { domain throws(LibvirtError) -> HostTaskAnswer in
            let description = try domain.description()
            guard description.hasBalloon else { return .refused("the VM has no balloon") }
            guard memory <= description.memory else {
                return .refused(
                    "the VM has \(description.memory) of memory and cannot be given \(memory) by its balloon")
            }
            try domain.setMemory(memory, .live)
            return .done
        }
        return answer ?? Self.notKnown(id)
    }

    private static func objection(to memory: Bytes) -> String? {
        guard memory.count >= 1 << 20, memory.count <= 1 << 44, memory.count % (1 << 20) == 0 else {
            return "\(memory.count) bytes of memory is not a whole number of MiB, 1 MiB to 16 TiB"
        }
        return nil
    }
}

extension OwnedDomain {
    /// Sets how many VPs there are, at once and for the next start. A domain that is down may get more than it had room
    /// for.
    fileprivate func setProcessors(_ count: Int, of most: Int, _ sight: DomainSight) throws(LibvirtError) {
        if sight.state.hasProcess { try setProcessors(count, .live) }
        guard sight.isPersistent else { return }
        if count > most { try setProcessors(count, [.configuration, .maximum]) }
        try setProcessors(count, .configuration)
    }

    /// Sets how much memory there is, as ``setProcessors(_:of:_:)`` does processors.
    fileprivate func setMemory(_ memory: Bytes, of most: Bytes, _ sight: DomainSight) throws(LibvirtError) {
        if sight.state.hasProcess { try setMemory(memory, .live) }
        guard sight.isPersistent else { return }
        if memory > most { try setMemory(memory, [.configuration, .maximum]) }
        try setMemory(memory, .configuration)
    }
}
