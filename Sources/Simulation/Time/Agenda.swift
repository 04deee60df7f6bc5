import FleetModel

/// What is to happen when, in the order of time; of what happens at the same time, what was planned first comes first.
struct Agenda<Event: Sendable>: Sendable {
    private struct Entry {
        let time: Timestamp
        let order: Int
        let event: Event
    }

    /// Latest first, so that the next one is taken off the end.
    private var entries: [Entry] = []
    private var nextOrder = 0

    /// Plans `event` for `time`.
    mutating func add(_ event: Event, at time: Timestamp) {
        let entry = Entry(time: time, order: nextOrder, event: event)
        nextOrder += 1
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].time > time { low = middle + 1 } else { high = middle }
        }
        entries.insert(entry, at: low)
    }

    /// Takes the next event that lies before `end`; `nil` when there is none.
    mutating func next(before end: Timestamp) -> (time: Timestamp, event: Event)? {
        guard let last = entries.last, last.time < end else { return nil }
        entries.removeLast()
        return (last.time, last.event)
    }
}
