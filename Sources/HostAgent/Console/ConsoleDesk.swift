import Console
import Delivery
import FleetModel
import Logging

/// Connects VMs' consoles to sessions that operators wait at on the server, and carries bytes until either side ends.
final class ConsoleDesk: Sendable {
    /// No operator needs more consoles of one host at a time than this.
    private static let mostRelays = 64

    private let link: ServerLink
    private let provider: any VirtualMachineProvider
    private let patience: Patience
    private let logger: Logger
    private let relays: AsyncStream<ConsoleRelay>
    private let relay: AsyncStream<ConsoleRelay>.Continuation
    private let open = Locked<Set<String>>([])

    init(link: ServerLink, provider: any VirtualMachineProvider, patience: Patience, logger: Logger) {
        self.link = link
        self.provider = provider
        self.patience = patience
        self.logger = logger
        (relays, relay) = AsyncStream.makeStream()
    }

    /// Carries bytes for every console that is opened, until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await relay in relays {
                group.addTask {
                    let reason = await relay.run()
                    self.open.withLock { _ = $0.remove(relay.session) }
                    self.logger.info("a console is closed: \(reason)", metadata: ["vm": "\(relay.machine)"])
                }
            }
        }
    }

    /// Connects a VM's console to a session. Told twice, it answers as it did: the session has its console.
    func connect(_ machine: VirtualMachineID, to session: String) async -> HostTaskAnswer {
        let refusal = open.withLock { open -> HostTaskAnswer? in
            if open.contains(session) { return .done }
            if open.count >= Self.mostRelays { return .refused("\(open.count) consoles are open on this host already") }
            open.insert(session)
            return nil
        }
        if let refusal { return refusal }
        do {
            let channel = try ByteChannel.open(try await provider.console(of: machine))
            relay.yield(
                ConsoleRelay(session: session, machine: machine, channel: channel, link: link, patience: patience))
            logger.info("a console is open", metadata: ["vm": "\(machine)"])
            return .done
        } catch {
            open.withLock { _ = $0.remove(session) }
            return .refused("\(error)")
        }
    }
}
