import Console
import FleetModel
import Foundation

/// Where a console's output goes: standard output, through the filter unless the operator wants all of it.
final class ConsoleScreen: Sendable {
    private let isRaw: Bool
    private let isTerminal: Bool
    private let filter = Locked(ConsoleFilter())

    init(isRaw: Bool, isTerminal: Bool) {
        self.isRaw = isRaw
        self.isTerminal = isTerminal
    }

    /// Shows what the guest printed.
    func show(_ bytes: [UInt8]) throws {
        let shown = isRaw ? bytes : filter.withLock { $0.pass(bytes) }
        do {
            try FileHandle.standardOutput.write(contentsOf: Data(shown))
        } catch {
            throw CommandFailure(.no, "what the guest prints cannot be written: \(error.localizedDescription)")
        }
    }

    /// Brings the terminal's colours, character set and screen back.
    func restore() {
        guard isTerminal else { return }
        let bytes = filter.withLock(\.restoration)
        try? FileHandle.standardOutput.write(contentsOf: Data(bytes))  // a terminal that is gone needs nothing
    }
}
