/// A line that the pulse guest says on its serial port. What it says is written down at the top of `pulse.S`.
public enum PulseLine: Hashable, Sendable {
    /// `t N`: it is alive; N counts up by one, every 10 ms.
    case tick(Int64)
    /// `s burn=P dirty=N fill=N memory=N`: its settings.
    case settings(PulseSettings)
    /// `e TEXT`: it did not understand a line.
    case problem(String)
    /// Anything else, such as the rest of a line whose begin was not heard.
    case other(String)

    /// Reads a line without its end.
    public init(_ line: String) {
        let rest = line.dropFirst(2)
        switch line.prefix(2) {
        case "t ": self = Int64(rest).map { .tick($0) } ?? .other(line)
        case "s ": self = PulseSettings(rest).map { .settings($0) } ?? .other(line)
        case "e ": self = .problem(String(rest))
        default: self = .other(line)
        }
    }
}

/// How the pulse guest is set.
public struct PulseSettings: Hashable, Sendable {
    /// Work, in percent of a virtual processor.
    public var burnPercent: Int
    /// Pages written to a second.
    public var dirtyPagesPerSecond: Int
    /// MiB of memory made resident so far.
    public var filledMiB: Int
    /// MiB of memory.
    public var memoryMiB: Int

    /// Reads `burn=P dirty=N fill=N memory=N`; values that it does not know are passed over.
    init?(_ text: some StringProtocol) {
        var values: [String: Int] = [:]
        for word in text.split(separator: " ") {
            let parts = word.split(separator: "=", omittingEmptySubsequences: false)
            guard parts.count == 2, let value = Int(parts[1]) else { return nil }
            values[String(parts[0])] = value
        }
        guard let burn = values["burn"], let dirty = values["dirty"], let fill = values["fill"],
            let memory = values["memory"]
        else { return nil }
        burnPercent = burn
        dirtyPagesPerSecond = dirty
        filledMiB = fill
        memoryMiB = memory
    }
}

/// A new setting for the pulse guest.
public enum PulseSetting: Hashable, Sendable {
    /// Work for so many percent of a virtual processor, 0 to 100.
    case burn(percent: Int)
    /// Write to so many pages a second, 0 to 1,000,000.
    case dirty(pagesPerSecond: Int)
    /// Make so many MiB resident; less than the guest's memory.
    case fill(mebibytes: Int)

    /// As the guest reads it.
    var line: String {
        switch self {
        case .burn(let percent): "burn \(percent)\n"
        case .dirty(let pages): "dirty \(pages)\n"
        case .fill(let mebibytes): "fill \(mebibytes)\n"
        }
    }
}
