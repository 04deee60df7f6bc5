import Delivery
import FleetModel
import HTTPClient
import Logging
import PlugIns
import Remediation
import RulePacks

/// Runs the plug-ins that the control loop wants, and tells it what they say and how they end.
struct PlugInDesk: Sendable {
    /// Plug-ins that run at a time; more wait in line.
    private static let mostAtOnce = 4

    let controller: FleetController
    let shelf: PackShelf
    let keeper: ProgramPlugIn.Keeper
    let client: HTTPClient
    /// Signs what goes to webhooks.
    let secret: [UInt8]?
    let clock: any Clock
    let logger: Logger

    /// Runs until the task is cancelled; what runs then is ended, and the next run of the server says so.
    func run() async {
        let left = keeper.endLeftovers()
        if left > 0 { logger.warning("ended \(left) process(es) that plug-ins of an earlier run had left") }
        await withTaskGroup(of: Void.self) { group in
            var count = 0
            for await item in controller.plugIns.items {
                if count == Self.mostAtOnce {
                    await group.next()
                    count -= 1
                }
                count += 1
                group.addTask { await carryOut(item) }
            }
        }
    }

    private func carryOut(_ item: PlugInQueue.Item) async {
        let order = item.order
        let number = order.operation
        logger.notice("operation \(number) runs \(order.call.text)")
        let request = PlugInRequest(
            id: "operation-\(number)", call: order.call, tip: order.tip, title: order.title,
            subject: Self.words(for: order.subject))
        let (steps, feed) = AsyncStream.makeStream(of: PlugInProgress.self, bufferingPolicy: .bufferingNewest(16))
        let result = await withTaskGroup(of: PlugInResult?.self) { group in
            group.addTask {
                defer { feed.finish() }
                return await controller.plugIns.whileWanted(item) {
                    await runner(for: order.call).run(request) { feed.yield($0) }
                }
            }
            group.addTask {
                for await step in steps { await tell(.plugInSaid(operation: number, step.text, time: clock.now)) }
                return nil
            }
            var found: PlugInResult?
            for await result in group { found = found ?? result }
            return found
        }
        // A server that stops tells nothing of it: its next run says that nobody knows.
        guard let result, !Task.isCancelled else { return }
        switch result {
        case .done(let words): await tell(.plugInEnded(operation: number, .done(words), time: clock.now))
        case .failed(let reason): await tell(.plugInEnded(operation: number, .failed(reason), time: clock.now))
        }
    }

    private func tell(_ event: ControlEvent) async {
        do {
            try await controller.receive(event)
        } catch {
            logger.error("what a plug-in said cannot be written down", metadata: ["reason": "\(error)"])
        }
    }

    private func runner(for call: PlugInCall) -> any PlugInRunner {
        switch call.means {
        case .webhook:
            let patience = Patience(
                clock: clock, backoff: Backoff(longest: .seconds(30)), generator: SystemRandomNumberGenerator())
            return WebhookPlugIn(client: client, patience: patience, secret: secret)
        case .program:
            guard let entry = shelf.contents.entries.first(where: { $0.pack.name == call.pack }) else {
                return SimulatedPlugIn { _ in ([], .failed("the pack \(call.pack) is gone")) }
            }
            return ProgramPlugIn(folder: entry.path, keeper: keeper)
        }
    }

    private static func words(for subject: TipSubject) -> [String: String] {
        var words = ["cluster": subject.cluster.text]
        switch subject {
        case .host(let host, _): words["host"] = host.text
        case .virtualMachine(let id, _): words["vm"] = id.text
        case .datastore(let name, _): words["datastore"] = name
        case .cluster: break
        }
        return words
    }
}

extension PlugInProgress {
    /// For a log.
    fileprivate var text: String {
        let percent = share.map { "\(Int(($0 * 100).rounded())) %" }
        return [percent, message.isEmpty ? nil : message].compactMap(\.self).joined(separator: ": ")
    }
}
