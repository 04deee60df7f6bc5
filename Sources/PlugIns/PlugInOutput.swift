import FleetModel
import FoundationEssentials

/// Reads what a plug-in says, piece by piece, and holds little of it whatever it prints.
struct PlugInOutput: Sendable {
    /// Bounds of what is read.
    struct Limits: Hashable, Sendable {
        /// Bytes in all.
        var bytes = 1 << 20
        /// Bytes of a line.
        var line = 16 << 10
        /// Characters of a message that are kept.
        var message = 500
    }

    private let limits: Limits
    private var pending: [UInt8] = []
    private var count = 0
    /// The first result that it said; `nil` before.
    private(set) var result: PlugInResult?
    /// Why nothing more is read, where it broke a bound.
    private(set) var objection: String?

    init(limits: Limits = Limits()) { self.limits = limits }

    /// Takes some bytes; returns the progress that is in them.
    mutating func receive(_ bytes: some Collection<UInt8>) -> [PlugInProgress] {
        guard objection == nil else { return [] }
        count += bytes.count
        if count > limits.bytes {
            objection = "it printed more than \(limits.bytes) bytes"
            return []
        }
        var found: [PlugInProgress] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                if let progress = takeLine() { found.append(progress) }
            } else if pending.count == limits.line {
                objection = "it printed a line of more than \(limits.line) bytes"
                return found
            } else {
                pending.append(byte)
            }
        }
        return found
    }

    /// Nothing more comes: a last line needs no line feed.
    mutating func finish() -> PlugInProgress? { pending.isEmpty ? nil : takeLine() }

    private struct Line: Decodable {
        var progress: Double?
        var message: String?
        var result: String?
    }

    private mutating func takeLine() -> PlugInProgress? {
        let line = pending
        pending.removeAll(keepingCapacity: true)
        guard result == nil, line.contains(where: { $0 > 0x20 }) else { return nil }
        guard let said = try? JSONDecoder().decode(Line.self, from: Data(line)) else {
            return PlugInProgress(share: nil, message: shown(String(decoding: line, as: UTF8.self)))
        }
        let message = shown(said.message ?? "")
        switch said.result {
        case nil:
            let share = said.progress.flatMap { $0.isFinite ? min(1, max(0, $0)) : nil }
            return share == nil && message.isEmpty ? nil : PlugInProgress(share: share, message: message)
        case "done": result = .done(message)
        case "failed": result = .failed(message.isEmpty ? "it says that it failed" : message)
        case let other?: result = .failed("its result is '\(shown(other))', which is neither done nor failed")
        }
        return nil
    }

    /// One line without controls, not too long.
    private func shown(_ text: String) -> String {
        let plain = text.unicodeScalars.prefix(limits.message).map { scalar in
            scalar.properties.generalCategory == .control ? " " : Character(scalar)
        }
        return String(plain)
    }
}
