import FleetModel

/// What the book learns of the world; time comes with it.
public enum NotificationEvent: Sendable {
    /// A tip is new or changed.
    case tip(TipNotice, time: Timestamp)
    /// The silences there are now, in place of those before.
    case silences([ActiveSilence])
    /// Time has passed.
    case tick(Timestamp)
}

/// Decides who is told what and when, as a synchronous value: grouping, waiting, repeating and silences.
///
/// For each receiver a tip is in one group. A group waits `wait` after its first news, later news wait until `interval`
/// after the last message, and what lasts is told again after `repeatInterval`. Of a tip only the phase that it has when
/// the message is made is told: what was found and is well again within `wait` is nobody's business. A silenced tip is
/// left out; when the silence ends, what is news then is told.
public struct NotificationBook: Sendable {
    private let receivers: [NotificationReceiver]
    private var silences: [ActiveSilence] = []
    /// What lasts from run to run.
    public private(set) var memory: NotificationMemory

    /// Goes on from `memory`; what it holds of receivers and groupings that are no more is
    /// forgotten.
    public init(_ receivers: [NotificationReceiver], memory: NotificationMemory = NotificationMemory()) {
        self.receivers = receivers
        self.memory = memory
        let known = Dictionary(receivers.map { ($0.name, $0.grouping.labels) }, uniquingKeysWith: { first, _ in first })
        self.memory.groups = memory.groups.filter { key, group in
            guard let labels = known[key.receiver] else { return false }
            return group.entries.values.allSatisfy { $0.notice.labels.keeping(labels) == key.group }
        }
    }

    /// Takes an event; returns what is to be sent, in order.
    public mutating func receive(_ event: NotificationEvent) -> [Notification] {
        switch event {
        case .tip(let notice, let time):
            for receiver in receivers { note(notice, for: receiver, at: time) }
            return []
        case .silences(let silences):
            self.silences = silences
            return []
        case .tick(let time): return flush(at: time)
        }
    }

    /// Whether a silence keeps a tip with `labels` quiet at `now`.
    public func isSilenced(_ labels: Labels, at now: Timestamp) -> Bool {
        silences.contains { $0.holds(of: labels, at: now) }
    }

    /// The tips that some receiver may still have to hear of.
    public var openTips: Set<Int64> {
        Set(memory.groups.values.flatMap { $0.entries.values.filter { !$0.notice.phase.isEnd }.map(\.notice.number) })
    }

    // MARK: News

    private mutating func note(_ notice: TipNotice, for receiver: NotificationReceiver, at time: Timestamp) {
        let key = NotificationMemory.Key(
            receiver: receiver.name, group: notice.labels.keeping(receiver.grouping.labels))
        let known = memory.groups[key]?.entries[notice.number]
        guard known != nil || receiver.wants(notice.labels) else { return }
        // An end that nobody heard the beginning of is news only where it says that something did not work.
        if known == nil, notice.phase.isEnd, !isNewsAtOnce(notice.phase, receiver) { return }
        var group = memory.groups[key] ?? NotificationMemory.Group(since: time)
        var entry = known ?? NotificationMemory.Entry(notice: notice)
        entry.notice = notice
        // Asked again after work has begun: that is news again.
        if notice.phase == .working, entry.told == .waiting { entry.told = .working }
        group.entries[notice.number] = entry
        memory.groups[key] = group
        if isOver(entry, receiver) { forget(notice.number, in: key) }
    }

    /// Whether an end is told to somebody who has heard nothing of the tip.
    private func isNewsAtOnce(_ phase: TipNotice.Phase, _ receiver: NotificationReceiver) -> Bool {
        receiver.hears(phase) && (phase == .failed || !receiver.hearsOfBeginnings)
    }

    private func isNews(_ entry: NotificationMemory.Entry, _ receiver: NotificationReceiver) -> Bool {
        let phase = entry.notice.phase
        guard receiver.hears(phase) else { return false }
        switch phase {
        case .raised, .working: return entry.told == nil
        case .waiting: return entry.told != .waiting
        case .resolved, .failed, .closed: return entry.told != nil || isNewsAtOnce(phase, receiver)
        }
    }

    /// Whether nothing of the entry will ever be told.
    private func isOver(_ entry: NotificationMemory.Entry, _ receiver: NotificationReceiver) -> Bool {
        entry.notice.phase.isEnd && !isNews(entry, receiver)
    }

    private mutating func forget(_ number: Int64, in key: NotificationMemory.Key) {
        memory.groups[key]?.entries[number] = nil
        if memory.groups[key]?.entries.isEmpty == true { memory.groups[key] = nil }
    }

    // MARK: Messages

    private mutating func flush(at now: Timestamp) -> [Notification] {
        var notifications: [Notification] = []
        for receiver in receivers {
            let keys = memory.groups.keys.filter { $0.receiver == receiver.name }.sorted { $0.group < $1.group }
            for key in keys {
                guard let group = memory.groups[key], let lines = lines(of: group, receiver, at: now) else { continue }
                notifications.append(send(lines, to: key, at: now))
            }
        }
        return notifications
    }

    /// What a group has to say at `now`; `nil` for nothing.
    private func lines(
        of group: NotificationMemory.Group, _ receiver: NotificationReceiver, at now: Timestamp
    ) -> [Notification.Line]? {
        let heard = group.entries.values.filter { !isSilenced($0.notice.labels, at: now) }
        let lines = heard.compactMap { entry -> Notification.Line? in
            let isNews = isNews(entry, receiver)
            return isNews || entry.told != nil ? Notification.Line(notice: entry.notice, isNews: isNews) : nil
        }
        let hasNews = lines.contains(where: \.isNews)
        let due: Timestamp
        switch (group.lastSent, hasNews) {
        case (nil, true): due = group.since + receiver.grouping.wait
        case (let sent?, true): due = sent + receiver.grouping.interval
        case (let sent?, false): due = sent + receiver.grouping.repeatInterval
        case (nil, false): return nil
        }
        // A clock that was set back by more than a group ever waits keeps nobody quiet.
        let isDue = now >= due || due - now > max(receiver.grouping.repeatInterval, receiver.grouping.wait)
        guard isDue, !lines.isEmpty else { return nil }
        return lines.sorted { left, right in
            if left.isNews != right.isNews { return left.isNews }
            return left.notice.number < right.notice.number
        }
    }

    private mutating func send(
        _ lines: [Notification.Line], to key: NotificationMemory.Key, at now: Timestamp
    ) -> Notification {
        memory.lastNumber += 1
        memory.groups[key]?.lastSent = now
        for line in lines {
            if line.notice.phase.isEnd {
                memory.groups[key]?.entries[line.notice.number] = nil
            } else if line.isNews {
                memory.groups[key]?.entries[line.notice.number]?.told = line.notice.phase
            }
        }
        if memory.groups[key]?.entries.isEmpty == true { memory.groups[key] = nil }
        return Notification(
            id: "\(key.receiver)-\(now.milliseconds)-\(memory.lastNumber)", receiver: key.receiver, group: key.group,
            time: now, lines: Array(lines.prefix(Notification.mostLines)),
            omitted: max(0, lines.count - Notification.mostLines))
    }
}

/// What has been told to whom: kept between runs of the server.
public struct NotificationMemory: Hashable, Sendable {
    /// A group of a receiver.
    struct Key: Hashable, Codable, Sendable {
        let receiver: String
        let group: Labels
    }

    /// A tip in it.
    struct Entry: Hashable, Codable, Sendable {
        var notice: TipNotice
        /// The phase that the receiver heard of last; `nil` before it heard anything.
        var told: TipNotice.Phase?
    }

    struct Group: Hashable, Codable, Sendable {
        /// When its first news came.
        var since: Timestamp
        var lastSent: Timestamp?
        /// By number.
        var entries: [Int64: Entry] = [:]
    }

    var groups: [Key: Group] = [:]
    var lastNumber: Int64 = 0

    /// Nobody was told anything.
    public init() {}
}

/// Encoded with the groups as a list: a key is no key of JSON.
extension NotificationMemory: Codable {
    private enum Keys: String, CodingKey { case groups, lastNumber }

    private struct Row: Codable {
        let key: Key
        let group: Group
    }

    /// Reads what an earlier run wrote.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Keys.self)
        lastNumber = try values.decode(Int64.self, forKey: .lastNumber)
        for row in try values.decode([Row].self, forKey: .groups) { groups[row.key] = row.group }
    }

    /// Writes it down.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Keys.self)
        try values.encode(lastNumber, forKey: .lastNumber)
        let rows = groups.map { Row(key: $0.key, group: $0.value) }
        try values.encode(
            rows.sorted { ($0.key.receiver, $0.key.group) < ($1.key.receiver, $1.key.group) }, forKey: .groups)
    }
}
