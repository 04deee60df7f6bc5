import FleetModel
import Glibc

/// The destination's side of a migration, and what follows one that has failed. libvirt starts the process that waits
/// for a guest when the source's libvirt asks it to, and ends it when that has gone.
extension DomainControl {
    /// How long libvirt has to end a process that waits for a guest, once the source has given up or is out of sight:
    /// longer than its keep-alive (`keepalive_interval` times `keepalive_count` of libvirtd.conf, 25 s unless changed).
    private static let abandonLimit = Duration.seconds(60)
    /// How long a state that comes and goes in a hand-over is waited out.
    private static let settleLimit = Duration.seconds(5)

    /// Checks what can be checked before anything is moved, and says where this host's libvirt is reached.
    func prepareIncoming(_ migration: IncomingMigration) async throws(LibvirtError) -> HostTaskAnswer {
        guard migration.manager == VirtualMachineStatus.libvirt else {
            return .refused("Evenkeel's own runtime runs the VM, which libvirt cannot take over")
        }
        guard let text = configuration.migrationAddress else {
            return .refused("nobody has said where other hosts reach this host's libvirt: libvirt_migration_address")
        }
        let address: LibvirtAddress
        do throws(LibvirtAddress.Objection) {
            address = try LibvirtAddress(text, allowsPlain: configuration.allowsPlainMigration)
        } catch {
            return .refused("libvirt_migration_address: \(error)")
        }
        switch try await sight(migration.definition.id)?.place {
        case nil, .incoming: break
        case .stopped, .crashed, .saved:
            return .refused("libvirt here still has a definition of the VM: remove that first")
        case .some(let place): return Self.refused(place)
        }
        let host = try await hostDescription(
            accelerator: migration.accelerator, machine: migration.definition.machine)
        if let problem = host.objection(to: migration) { return .refused(problem) }
        for disk in migration.definition.disks where !disk.isLocal {
            // Whether libvirt may open it shows there; that it is not there at all shows here.
            if unsafe access(disk.path, F_OK) != 0, errno == ENOENT {
                return .refused("\(disk.path) is not on this host")
            }
        }
        return .listening(address: address.text)
    }

    /// Where the VM is, once libvirt has done with a hand-over.
    func settled(_ id: VirtualMachineID) async throws(LibvirtError) -> VirtualMachineState? {
        try await sight(id, within: Self.settleLimit) { $0?.place != .handedOver || $0?.job != .sending }?.place
    }

    /// libvirt has no file to load: it keeps the guest halted while its memory goes over the wire.
    func load(_ id: VirtualMachineID) async throws(LibvirtError) -> HostTaskAnswer {
        switch try await settled(id) {
        case .running, .paused: return .done
        case nil: return Self.notKnown(id)
        case .some(let place): return Self.refused(place)
        }
    }

    /// A process that waits is libvirt's to end, which it does by itself: ending it from here could end a guest that
    /// has arrived since it was looked at.
    func abandonIncoming(_ id: VirtualMachineID) async throws(LibvirtError) -> HostTaskAnswer {
        switch try await sight(id, within: Self.abandonLimit, until: { $0?.place != .incoming })?.place {
        case nil: return .done
        case .incoming: return .failed("libvirt still waits for the guest, though nothing is sent any more")
        case .running: return .refused("the guest has arrived and is running here")
        case .crashed: return .refused("the guest arrived here and then its QEMU ended")
        case .unknown: return .failed("libvirt does not say what the VM does here")
        case .some(let place): return Self.refused(place)
        }
    }

    func recover(_ id: VirtualMachineID) async throws(LibvirtError) -> HostTaskAnswer {
        guard let sight = try await sight(id) else { return .state(nil) }
        switch sight.place {
        case .running, .paused, .outgoing: return .done
        case .fetching, .trailing:
            guard sight.state.isTorn else { return .failed("libvirt has not given the migration up yet") }
            try await end(id)
        case .stopped, .crashed, .handedOver: try await end(id)
        default: return Self.refused(sight.place)
        }
        let restart = try await domain(id, "describe") { domain throws(LibvirtError) in
            try domain.description().restart
        }
        guard sight.isPersistent, restart == .onFailure else {
            return .state(try await self.sight(id)?.place)
        }
        let answer = try await create(id)
        return answer == .done ? .state(try await self.sight(id)?.place) : answer
    }
}
