import Delivery
import FleetModel
import Foundation
import HTTPClient
import Logging
import MetricsWire

/// The shell around the book of notifications: hears of tips, lets time pass, keeps what was told and what waits in one
/// file, and brings each receiver its messages in order, however long it is away.
public final class NotificationDesk: Sendable {
    /// From one look at the time to the next.
    private static let interval: Duration = .seconds(1)
    /// Messages that wait for a receiver; beyond that the oldest is dropped and counted.
    private static let mostWaiting = 256
    /// A message that waited longer says nothing of the present.
    private static let longestWait: Duration = .seconds(86_400)

    private struct State: Sendable {
        var book: NotificationBook
        /// By receiver, in order.
        var waiting: [String: [Notification]]
        var isUnsaved = false
    }

    /// What is on disk: which tips were told of and what waits, always of the same moment.
    private struct Stored: Codable {
        var memory: NotificationMemory
        var waiting: [String: [Notification]]
    }

    private struct Lane: Sendable {
        let sender: NotificationSender
        let tally = Locked(Tally())
        let arrivals: AsyncStream<Void>
        let signal: AsyncStream<Void>.Continuation
        let logger: Logger
    }

    private struct Tally: Sendable {
        var sent = 0
        var failed = 0
        var refused = 0
        var dropped = 0
    }

    private let path: String
    private let lanes: [Lane]
    private let clock: any Clock
    private let patience: Patience
    private let logger: Logger
    private let state: Locked<State>

    /// Goes on from what an earlier run left in the file at `path`. Throws `NotificationError` where that cannot be read:
    /// everybody would be told of everything again.
    public init(
        _ receivers: [NotificationReceiver], path: String, url: String, client: HTTPClient, clock: any Clock,
        logger: Logger, generator: some RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) throws {
        self.path = path
        self.clock = clock
        self.logger = logger
        patience = Patience(
            clock: clock, backoff: Backoff(first: .seconds(1), longest: .seconds(60)), generator: generator)
        var stored = Stored(memory: NotificationMemory(), waiting: [:])
        if FileManager.default.fileExists(atPath: path) {
            do {
                stored = try JSONDecoder().decode(Stored.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
            } catch {
                throw NotificationError(path: path, reason: "\(error)")
            }
        }
        lanes = receivers.map { receiver in
            let (arrivals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
            signal.yield()
            var logger = logger
            logger[metadataKey: "receiver"] = "\(receiver.name)"
            return Lane(
                sender: NotificationSender(receiver: receiver, client: client, url: url), arrivals: arrivals,
                signal: signal, logger: logger)
        }
        let names = Set(receivers.map(\.name))
        state = Locked(
            State(
                book: NotificationBook(receivers, memory: stored.memory),
                waiting: stored.waiting.filter { names.contains($0.key) }))
    }

    /// Whether nobody is told anything.
    public var isEmpty: Bool { lanes.isEmpty }

    /// Hears of a tip that is new or changed; takes microseconds.
    public func note(_ tip: Tip) {
        if isEmpty { return }
        let (notice, now) = (TipNotice(tip), clock.now)
        state.withLock { state in
            let before = state.book.memory
            _ = state.book.receive(.tip(notice, time: now))
            if state.book.memory != before { state.isUnsaved = true }
        }
    }

    /// The tips that somebody was told of, or may be, and that had not ended: what became of them meanwhile has to be
    /// looked up after a restart.
    public var openTips: Set<Int64> { state.withLock { $0.book.openTips } }

    /// Takes the silences there are now.
    public func use(_ silences: [Silence]) {
        let active = silences.compactMap { try? ActiveSilence($0) }
        state.withLock { _ = $0.book.receive(.silences(active)) }
    }

    /// Tells until the task is cancelled; what waits then is on disk.
    public func run() async {
        if isEmpty { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.watch() }
            for lane in lanes { group.addTask { try? await self.deliver(lane) } }
        }
        save()
    }

    private func watch() async {
        repeat {
            tick()
            save()
        } while (try? await clock.sleep(for: Self.interval)) != nil
    }

    private func tick() {
        let now = clock.now
        let receivers = state.withLock { state -> Set<String> in
            let notifications = state.book.receive(.tick(now))
            for notification in notifications { state.waiting[notification.receiver, default: []].append(notification) }
            if !notifications.isEmpty { state.isUnsaved = true }
            return Set(notifications.map(\.receiver))
        }
        for lane in lanes where receivers.contains(lane.sender.receiver.name) {
            drop(lane, at: now)
            lane.signal.yield()
        }
    }

    /// Drops what is too much or too old.
    private func drop(_ lane: Lane, at now: Timestamp) {
        let name = lane.sender.receiver.name
        let dropped = state.withLock { state in
            let all = state.waiting[name] ?? []
            let kept = all.filter { now - $0.time <= Self.longestWait }.suffix(Self.mostWaiting)
            state.waiting[name] = Array(kept)
            return all.count - kept.count
        }
        guard dropped > 0 else { return }
        lane.tally.withLock { $0.dropped += dropped }
        lane.logger.error("\(dropped) notifications are dropped: the receiver is away for too long")
    }

    /// What comes before what is sent: a message may be sent twice when the server dies right after, and is never lost.
    private func save() {
        let stored = state.withLock { state -> Stored? in
            guard state.isUnsaved else { return nil }
            state.isUnsaved = false
            return Stored(memory: state.book.memory, waiting: state.waiting.filter { !$0.value.isEmpty })
        }
        guard let stored else { return }
        do {
            try DurableFile.replace(path, with: Array(JSONEncoder().encode(stored)))
        } catch {
            state.withLock { $0.isUnsaved = true }
            logger.error("what was told cannot be written down", metadata: ["reason": "\(error)"])
        }
    }

    // MARK: Delivery

    private func deliver(_ lane: Lane) async throws {
        let name = lane.sender.receiver.name
        for await _ in lane.arrivals {
            while let next = state.withLock({ $0.waiting[name]?.first }) {
                try await bring(next, lane)
                state.withLock { state in
                    state.waiting[name]?.removeAll { $0.id == next.id }
                    state.isUnsaved = true
                }
            }
        }
    }

    /// Returns when the receiver has the message, or will never have it.
    private func bring(_ notification: Notification, _ lane: Lane) async throws {
        var failures = 0
        while isWaiting(notification) {
            switch try await lane.sender.send(notification) {
            case .delivered:
                if failures > 0 { lane.logger.notice("the receiver takes notifications again") }
                lane.tally.withLock { $0.sent += 1 }
                return
            case .refused(let reason):
                lane.logger.error("the receiver refused a notification for good: \(reason)")
                lane.tally.withLock { $0.refused += 1 }
                return
            case .later(let reason, let least):
                if failures == 0 { lane.logger.warning("notifications wait for the receiver: \(reason)") }
                failures += 1
                lane.tally.withLock { $0.failed += 1 }
                try await patience.wait(failures: failures, least: least)
                drop(lane, at: clock.now)
            }
        }
    }

    private func isWaiting(_ notification: Notification) -> Bool {
        state.withLock { $0.waiting[notification.receiver]?.contains { $0.id == notification.id } ?? false }
    }

    // MARK: Figures

    /// The figures of every receiver.
    public func writeMetrics(to page: inout TextExposition) {
        if isEmpty { return }
        let waiting = state.withLock { $0.waiting.mapValues(\.count) }
        let rows = lanes.map { ($0.sender.receiver.name, $0.tally.withLock { $0 }) }
        page.family("evenkeel_notifications_waiting", .gauge, help: "Messages that wait for the receiver.")
        for (name, _) in rows { page.sample(Double(waiting[name] ?? 0), ["receiver": name]) }
        let families: [(String, String, (Tally) -> Int)] = [
            ("sent", "Messages that the receiver took.", \.sent),
            ("failed", "Attempts that will be made again.", \.failed),
            ("refused", "Messages that the receiver refused for good.", \.refused),
            ("dropped", "Messages that waited for too long or were too many.", \.dropped),
        ]
        for (name, help, value) in families {
            page.family("evenkeel_notifications_\(name)_total", .counter, help: help)
            for (receiver, tally) in rows { page.sample(Double(value(tally)), ["receiver": receiver]) }
        }
    }
}

/// What was told cannot be read.
public struct NotificationError: Error, Hashable, CustomStringConvertible {
    /// The file.
    public var path: String
    /// What is wrong with it.
    public var reason: String

    /// What is wrong, where, and what to do.
    public var description: String {
        "\(path) cannot be read: \(reason); without it everybody is told of every open tip once more"
    }
}
