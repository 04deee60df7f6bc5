import FleetModel
import Remediation

/// Plug-ins on their way from the control loop to whoever runs them, and word that one is to end.
final class PlugInQueue: Sendable {
    /// A plug-in that is to be run, and word that it is to end.
    struct Item: Sendable {
        let order: PlugInOrder
        fileprivate let stops: AsyncStream<Void>
    }

    private let signals = Locked<[Int64: AsyncStream<Void>.Continuation]>([:])
    private let feed: AsyncStream<Item>.Continuation
    /// What is to be run; for one reader.
    let items: AsyncStream<Item>

    init() { (items, feed) = AsyncStream.makeStream() }

    func run(_ order: PlugInOrder) {
        let (stops, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        signals.withLock { $0[order.operation] = signal }
        feed.yield(Item(order: order, stops: stops))
    }

    /// Ends one that runs, or that is about to.
    func stop(_ operation: Int64) { signals.withLock { $0[operation] }?.yield() }

    /// Runs `body` until it ends, or the operation is to end: then `body` is cancelled and waited for.
    func whileWanted<Result: Sendable>(
        _ item: Item, _ body: @escaping @Sendable () async -> Result
    ) async -> Result? {
        defer { signals.withLock { _ = $0.removeValue(forKey: item.order.operation) } }
        return await withTaskGroup(of: Result?.self) { group in
            group.addTask { await body() }
            group.addTask {
                for await _ in item.stops { break }
                return nil
            }
            for await result in group {
                group.cancelAll()
                if let result { return result }
            }
            return nil
        }
    }
}
