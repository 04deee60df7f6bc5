import FleetModel
import Logging

/// Start, stop, rest.
extension DomainControl {
    /// How long a QEMU has to end once it was told to.
    static let endLimit = Duration.seconds(15)

    func launch(_ id: VirtualMachineID) async throws(LibvirtError) -> HostTaskAnswer {
        switch try await sight(id)?.place {
        case nil: return Self.notKnown(id)
        case .running, .paused, .outgoing, .fetching: return .done
        case .stopped, .crashed: return try await create(id)
        case .saved: return .refused("the VM's memory is saved here: restore it, or stop and remove it")
        case .some(let place): return Self.refused(place)
        }
    }

    /// Starts a domain, from its saved memory where that is there.
    func create(_ id: VirtualMachineID) async throws(LibvirtError) -> HostTaskAnswer {
        let done: Void? = try await domain(id, "start", lasts: true) { domain throws(LibvirtError) in
            // Somebody else may have been faster.
            if try domain.sight().state.hasProcess { return }
            try domain.create()
        }
        return done == nil ? Self.notKnown(id) : .done
    }

    func stop(_ id: VirtualMachineID, force: Bool) async throws(LibvirtError) -> HostTaskAnswer {
        guard let sight = try await sight(id) else { return Self.notKnown(id) }
        switch sight.place {
        case .stopped, .saved: return .done
        case .crashed where !sight.state.hasProcess: return .done
        case .incoming: return .refused("the VM's guest is not here: abandon the migration")
        case .outgoing, .fetching, .trailing: return .refused("the VM is being migrated: cancel that first")
        case .handedOver: return .refused("the VM was handed over to another host")
        case .unknown where !force: return .refused("libvirt does not say what the VM does: stop it by force")
        case .running, .paused, .unknown, .crashed: break
        }
        if !force, sight.place == .running {
            try await domain(id, "shut down") { domain throws(LibvirtError) in try domain.shutDown() }
            let limit = Duration.seconds(configuration.shutdownSeconds)
            guard try await hasProcess(id, after: limit) else { return .done }
            log.notice("did not shut down in time: ending it", metadata: ["vm": "\(id)"])
        }
        try await end(id)
        return .done
    }

    /// Ends a domain's process where there is one.
    func end(_ id: VirtualMachineID) async throws(LibvirtError) {
        try await domain(id, "end", lasts: true) { domain throws(LibvirtError) in
            if try domain.sight().state.hasProcess { try domain.destroy() }
        }
    }

    private func hasProcess(_ id: VirtualMachineID, after limit: Duration) async throws(LibvirtError) -> Bool {
        try await sight(id, within: limit) { $0?.state.hasProcess != true }?.state.hasProcess == true
    }

    func pause(_ id: VirtualMachineID) async throws(LibvirtError) -> HostTaskAnswer {
        switch try await sight(id)?.place {
        case nil: return Self.notKnown(id)
        case .paused: return .done
        case .running:
            try await domain(id, "pause") { domain throws(LibvirtError) in try domain.suspend() }
            return .done
        case .some(let place): return Self.refused(place)
        }
    }

    func resume(_ id: VirtualMachineID) async throws(LibvirtError) -> HostTaskAnswer {
        switch try await sight(id)?.place {
        case nil: return Self.notKnown(id)
        case .running, .outgoing: return .done
        case .paused:
            try await domain(id, "resume") { domain throws(LibvirtError) in try domain.resume() }
            return .done
        case .some(let place): return Self.refused(place)
        }
    }

    /// libvirt's managed save: the daemon keeps the memory under /var/lib/libvirt and goes on from there at the next
    /// start.
    func save(_ id: VirtualMachineID) async throws(LibvirtError) -> HostTaskAnswer {
        guard let sight = try await sight(id) else { return Self.notKnown(id) }
        switch sight.place {
        case .saved: return .done
        case .running, .paused: break
        default: return Self.refused(sight.place)
        }
        guard sight.isPersistent else {
            return .refused("the VM is known to libvirt only while it runs (transient): define it there to save it")
        }
        try await domain(id, "save", lasts: true) { domain throws(LibvirtError) in try domain.save() }
        return .done
    }

    func restore(_ id: VirtualMachineID) async throws(LibvirtError) -> HostTaskAnswer {
        switch try await sight(id)?.place {
        case nil: Self.notKnown(id)
        case .running, .paused, .outgoing: .done
        case .saved: try await create(id)
        case .stopped, .crashed: .refused("nothing of the VM's memory is saved here: start it")
        case .some(let place): Self.refused(place)
        }
    }

    func remove(_ id: VirtualMachineID) async throws(LibvirtError) -> HostTaskAnswer {
        guard let sight = try await sight(id) else { return .done }
        guard !sight.state.hasProcess else {
            return .refused("the VM is \(sight.place.rawValue): stop it first")
        }
        try await domain(id, "remove") { domain throws(LibvirtError) in try domain.undefine() }
        return .done
    }
}
