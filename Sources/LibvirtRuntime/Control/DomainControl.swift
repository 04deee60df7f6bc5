import FleetModel
import Logging

/// Does steps to domains, through a connection that may change them. What went wrong is answered in libvirt's words.
struct DomainControl: Sendable {
    let configuration: LibvirtConfiguration
    let calls: ControlCalls
    let sendings = Sendings()
    let log: Logger

    /// How often a domain is looked at while something is waited for of which no call says when it has ended.
    static let lookPause = Duration.milliseconds(100)

    init(_ configuration: LibvirtConfiguration, log: Logger) {
        self.configuration = configuration
        self.log = log
        calls = ControlCalls(uri: configuration.uri, limit: configuration.callLimit)
    }

    /// Does one step; see ``HostTask``.
    func perform(
        _ task: HostTask, progress: @escaping @Sendable (MigrationProgress) -> Void
    ) async -> HostTaskAnswer {
        do throws(LibvirtError) {
            return try await answer(to: task, progress)
        } catch {
            return .failed(error.description)
        }
    }

    private func answer(
        to task: HostTask, _ progress: @escaping @Sendable (MigrationProgress) -> Void
    ) async throws(LibvirtError) -> HostTaskAnswer {
        switch task {
        case .define(let definition): try await define(definition)
        case .start(let definition): try await start(definition)
        case .launch(let id): try await launch(id)
        case .stop(let id, let force): try await stop(id, force: force)
        case .pause(let id): try await pause(id)
        case .resume(let id): try await resume(id)
        case .save(let id): try await save(id)
        case .restore(let id): try await restore(id)
        case .resize(let id, let processors, let memory): try await resize(id, processors, memory)
        case .balloon(let id, let memory): try await balloon(id, memory)
        case .snapshot(let id, let folder): try await snapshot(id, into: folder)
        case .openConsole: .refused("a console is not opened by what runs the VM")
        case .remove(let id): try await remove(id)
        case .prepareIncoming(let migration): try await prepareIncoming(migration)
        case .send(let migration): try await send(migration, progress)
        case .load(let id): try await load(id)
        case .inspect(let id): .state(try await settled(id))
        case .releaseSource(let id): try await releaseSource(id)
        case .abandonIncoming(let id): try await abandonIncoming(id)
        case .cancelSend(let id): try await cancelSend(id)
        case .resumeSource(let id): try await resumeSource(id)
        case .recover(let id): try await recover(id)
        }
    }

    // MARK: What the steps are made of

    /// Runs `body` with a VM's domain; `nil` where there is none, also where it goes away meanwhile.
    func domain<Value: Sendable>(
        _ id: VirtualMachineID, _ doing: String, lasts: Bool = false,
        _ body: @escaping @Sendable (OwnedDomain) throws(LibvirtError) -> Value
    ) async throws(LibvirtError) -> Value? {
        do throws(LibvirtError) {
            return try await calls.call("\(doing) \(id)", lasts: lasts) { connection throws(LibvirtError) -> Value? in
                guard let domain = try connection.domain(id) else { return nil }
                return try body(domain)
            }
        } catch {
            if case .call(_, _, _, LibvirtFailure.noDomain) = error { return nil }
            throw error
        }
    }

    /// Where a domain is in its life; `nil` where there is none.
    func sight(_ id: VirtualMachineID) async throws(LibvirtError) -> DomainSight? {
        try await domain(id, "look at") { domain throws(LibvirtError) in try domain.sight() }
    }

    /// Looks until a domain is where it is waited for, or for as long as `limit`; gives what was seen last. A daemon that
    /// is being started anew is waited for as well.
    func sight(
        _ id: VirtualMachineID, within limit: Duration, until isThere: (DomainSight?) -> Bool
    ) async throws(LibvirtError) -> DomainSight? {
        let deadline = ContinuousClock.now + limit
        while true {
            do throws(LibvirtError) {
                let sight = try await sight(id)
                if isThere(sight) || ContinuousClock.now >= deadline || Task.isCancelled { return sight }
            } catch {
                if ContinuousClock.now >= deadline || Task.isCancelled { throw error }
            }
            try? await Task.sleep(for: Self.lookPause)
        }
    }

    static func notKnown(_ id: VirtualMachineID) -> HostTaskAnswer {
        .refused("libvirt here does not know the VM \(id)")
    }

    static func refused(_ place: VirtualMachineState) -> HostTaskAnswer {
        .refused("the VM is \(place.rawValue) here")
    }
}
