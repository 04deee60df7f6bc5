/// Lets one step at a time change a VM, in the order of asking. It belongs to one actor and is not shared.
struct Turnstile {
    private var isTaken = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// True when the caller may go on at once.
    mutating func enter() -> Bool {
        defer { isTaken = true }
        return !isTaken
    }

    /// Puts the caller at the end of the line.
    mutating func wait(_ continuation: CheckedContinuation<Void, Never>) { waiting.append(continuation) }

    /// Lets the next one in.
    mutating func leave() {
        if waiting.isEmpty { isTaken = false } else { waiting.removeFirst().resume() }
    }
}
