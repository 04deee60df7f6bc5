import FleetModel

/// The migrations that this process has begun and that have not ended, and cancellations that came before their time.
final class Sendings: Sendable {
    /// One call to libvirt that sends a domain.
    struct Sending: Sendable {
        /// How it ended; `nil` while it goes on.
        var result: Result<Void, LibvirtError>?
        /// What libvirt said at the end of the job.
        var last: JobReading?
        var isCancelled = false
    }

    /// How far a cancellation may overtake the sending that it is for. Both come from one poll of the server's commands
    /// and are done at the same time; whoever sends again later than this means it.
    static let cancelLead = Duration.seconds(5)

    private struct State {
        var sendings: [VirtualMachineID: Sending] = [:]
        var cancelled: [VirtualMachineID: ContinuousClock.Instant] = [:]
    }

    private let state = Locked(State())

    subscript(id: VirtualMachineID) -> Sending? { state.withLock { $0.sendings[id] } }

    /// What a try to begin finds.
    enum Beginning { case begun, underWay, cancelled }

    /// Takes note that a domain is about to be sent, unless it is already, or was cancelled when sending was asked for.
    func begin(_ id: VirtualMachineID, asked: ContinuousClock.Instant) -> Beginning {
        state.withLock { state in
            if let sending = state.sendings[id], sending.result == nil { return .underWay }
            if let cancelled = state.cancelled.removeValue(forKey: id), cancelled > asked - Self.cancelLead {
                return .cancelled
            }
            state.sendings[id] = Sending()
            return .begun
        }
    }

    /// Takes note of the end of the call.
    func end(_ id: VirtualMachineID, _ result: Result<Void, LibvirtError>) {
        state.withLock { $0.sendings[id]?.result = result }
    }

    /// Takes note of what libvirt says at the end of a job.
    func hear(_ id: VirtualMachineID, _ reading: JobReading) {
        state.withLock { $0.sendings[id]?.last = reading }
    }

    /// Forgets a sending whose end was answered.
    func forget(_ id: VirtualMachineID) {
        state.withLock { state in
            if state.sendings[id]?.result != nil { state.sendings[id] = nil }
        }
    }

    /// Takes note that a cancellation has found what it was for.
    func cancellationServed(_ id: VirtualMachineID) {
        state.withLock { _ = $0.cancelled.removeValue(forKey: id) }
    }

    /// Cancels what is being sent, or what comes to be sent right after.
    func cancel(_ id: VirtualMachineID) {
        state.withLock { state in
            let isSending = state.sendings[id].map { $0.result == nil } ?? false
            if isSending { state.sendings[id]?.isCancelled = true } else { state.cancelled[id] = .now }
        }
    }
}
