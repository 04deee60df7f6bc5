import FleetModel
import Glibc
import Logging

/// What is done after a migration has gone wrong.
extension QEMUMachine {
    /// Has a guest whose stream broke in post-copy listen again, where it did before, so that its source can send on.
    func listenAgain() async {
        guard await look() == .fetching, let address = record?.fetchingAt else { return }
        do throws(HostRuntimeError) {
            guard try await migration().isCutOff else { return }
            // Out of turn: the main loop may hang on a page that is not here.
            try await command("migrate-recover", ["uri": .string(address)], isUrgent: true)
            log.notice("the stream broke in post-copy; listening again at \(address)", metadata: ["vm": "\(id)"])
        } catch {
            log.info("cannot listen again for the rest of the guest: \(error)", metadata: ["vm": "\(id)"])
        }
    }

    /// See ``HostTask/recover(_:)``.
    func recover() async throws -> HostTaskAnswer {
        let state = await look()
        switch state {
        case nil: return .refused("this host does not know the VM \(id)")
        case .running, .paused:
            // Received whole, or started anew already.
            return try await migration().status == "completed" ? .done : .state(state)
        case .outgoing, .incoming, .saved: return .refused("the VM is \(state?.rawValue ?? "") here")
        case .unknown where hasEndedUnseen:
            // Asked for only where the source is dead as well, and then the guest is nowhere.
            try update { $0.incoming = nil }
        case .fetching, .trailing, .handedOver, .unknown:
            // It may hang on a page that will never come, and has nothing left to put away.
            process?.signal(SIGKILL)
            guard await endProcess() else { return .failed("the VM's QEMU cannot be ended: it hangs in the kernel") }
            settleEnd()
            try update { $0.problem = "its guest was lost in a migration" }
        case .stopped, .crashed: break
        }
        guard let record, record.problem != nil else { return .state(await look()) }
        dropPassage()
        try update {
            $0.isSending = nil
            $0.fetchingAt = nil
        }
        guard record.definition.restart == .onFailure else { return .state(.crashed) }
        let answer = try await start(record.definition)
        if case .done = answer { return .state(await look()) }
        return answer
    }
}
