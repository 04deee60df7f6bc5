import FleetModel

/// What libvirt says of where a domain is in its life: virDomainState and the reason, whose numbers depend on it.
struct DomainState: Hashable, Sendable {
    /// virDomainState: 1 running, 2 blocked, 3 paused, 4 being shut down, 5 shut off, 6 crashed, 7 suspended.
    var state: Int64
    /// virDomainRunningReason, virDomainPausedReason, virDomainShutoffReason, ...
    var reason: Int64

    /// At the end of a migration, at its source.
    static let halted = DomainState(state: 3, reason: Paused.migration)

    /// What `state.state` and `state.reason` of its statistics say; where they are missing it has none.
    init(_ parameters: [Parameter]) {
        func value(_ name: String) -> Int64 { parameters.first { $0.name == name }?.count ?? 0 }
        self.init(state: value("state.state"), reason: value("state.reason"))
    }

    init(state: Int64, reason: Int64) {
        self.state = state
        self.reason = reason
    }

    /// What is under way with a domain, where that had to be asked.
    enum Job: Hashable, Sendable {
        /// It was not asked, or could not be told.
        case unknown
        /// Nothing.
        case none
        /// The domain is on its way to another host.
        case sending
        /// The domain is on its way to this host.
        case receiving
        /// Something that does not move it: start, save, dump, snapshot, backup.
        case other
    }

    /// Whether a place without the job would be a guess: libvirt has the same words for both ends of a migration.
    var needsJob: Bool { state == 3 && reason == Paused.migration }

    /// Whether a migration's stream broke after the guest had gone on at the destination.
    var isTorn: Bool {
        (state == 3 && reason == Paused.postcopyFailed) || (state == 1 && reason == 11)
    }

    /// Whether its process gets ready, for its own guest or for one to come.
    var isStarting: Bool { state == 3 && reason == Paused.startingUp }

    /// virDomainPausedReason.
    private enum Paused {
        static let migration: Int64 = 2
        static let ioError: Int64 = 5
        static let watchdog: Int64 = 6
        static let crashed: Int64 = 10
        static let startingUp: Int64 = 11
        static let postcopy: Int64 = 12
        static let postcopyFailed: Int64 = 13
        static let interfaceError: Int64 = 14
    }

    /// The place, and why not all is well.
    struct Place: Hashable, Sendable {
        var state: VirtualMachineState
        var problem: String?

        init(_ state: VirtualMachineState, _ problem: String? = nil) {
            self.state = state
            self.problem = problem
        }
    }

    /// Where the VM is, for this host.
    ///
    /// A guest lives here only if nothing says that it may live elsewhere: a destination owns it from the moment that
    /// libvirt runs it there, a source no more from the moment that libvirt halts it for the hand-over. In between, for
    /// some hundredths of a second, and for all of a migration that is not live, nobody owns it.
    ///
    /// `isSaved` says whether the daemon has saved its memory, to go on from there.
    func place(job: Job, isSaved: Bool = false) -> Place {
        switch state {
        case 5 where isSaved: Place(.saved)
        case 1, 2: running(job)
        case 3: paused(job)
        // The guest itself is ending its work, still here.
        case 4: Place(.running)
        case 5: shutOff
        case 6: Place(.crashed, "its guest panicked")
        case 7: Place(.paused)
        default: Place(.unknown, "libvirt gives it the state \(state), which is not known")
        }
    }

    private func running(_ job: Job) -> Place {
        // VIR_DOMAIN_RUNNING_POSTCOPY, _FAILED: only the destination runs; its missing memory is still at the source.
        switch reason {
        case 10: Place(.fetching)
        case 11:
            Place(.fetching, "its post-copy migration broke off, and part of its memory is still at the source")
        default: Place(job == .sending ? .outgoing : .running)
        }
    }

    private func paused(_ job: Job) -> Place {
        switch reason {
        case Paused.migration:
            switch job {
            case .receiving: Place(.incoming)
            case .sending, .unknown: Place(.handedOver)
            case .none, .other:
                Place(.handedOver, "halted for a migration that has ended without saying where: see the destination")
            }
        case Paused.startingUp:
            job == .none || job == .other ? Place(.paused) : Place(.incoming)
        case Paused.postcopy: Place(.trailing)
        case Paused.postcopyFailed:
            Place(.trailing, "its post-copy migration broke off: send it again, or virsh migrate --postcopy-resume")
        case Paused.ioError: Place(.paused, "halted because a disk gave an error")
        case Paused.watchdog: Place(.paused, "halted by its watchdog")
        case Paused.crashed: Place(.paused, "halted because its guest panicked")
        case Paused.interfaceError: Place(.paused, "halted because libvirt failed to act on it")
        default: Place(.paused)
        }
    }

    /// virDomainShutoffReason.
    private var shutOff: Place {
        switch reason {
        case 3: Place(.crashed, "its QEMU ended without being told to")
        case 6: Place(.stopped, "it did not start")
        default: Place(.stopped)
        }
    }
}
