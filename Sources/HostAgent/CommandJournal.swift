import Delivery
import FleetModel
import FoundationEssentials

/// One line of the command journal.
public enum CommandJournalEntry: Hashable, Codable, Sendable {
    /// The command is about to be performed.
    case begun(AgentCommand)
    /// The command was performed, with this answer.
    case answered(Int64, HostTaskAnswer)
    /// The server has the answer.
    case delivered(Int64)

    /// The command's number.
    public var number: Int64 {
        switch self {
        case .begun(let command): command.number
        case .answered(let number, _), .delivered(let number): number
        }
    }
}

/// The command journal on disk: records (`RecordFrame`) of JSON, one for each entry, in a file `commands.journal`.
public struct CommandJournal: Sendable {
    private static let name = "commands.journal"
    /// Bytes beyond which the file is written anew with what is still needed.
    private static let compactionBytes = 1 << 20

    private let disk: any Disk
    private var bytes: Int
    /// What the file held when it was opened, oldest first.
    public let entries: [CommandJournalEntry]

    /// Opens the journal; a torn record at its end, which was never acted on, is cut off. Throws where the disk cannot
    /// be read, or where an entry was written by a version that this one does not understand.
    public init(_ disk: any Disk) throws(AgentError) {
        self.disk = disk
        let content = try disk.read(Self.name)
        let (payloads, length) = RecordFrame.scan(content)
        if length < content.count { try disk.truncate(Self.name, to: length) }
        var found: [CommandJournalEntry] = []
        for payload in payloads {
            do {
                found.append(try JSONDecoder().decode(CommandJournalEntry.self, from: Data(payload)))
            } catch {
                throw .configuration(
                    place: Self.name, reason: "entry \(found.count + 1) is not one of this version: \(error)")
            }
        }
        entries = found
        bytes = length
    }

    /// Appends an entry; durable on return.
    public mutating func append(_ entry: CommandJournalEntry) throws(AgentError) {
        let frame = try Self.frame(entry)
        do throws(AgentError) {
            try disk.append(frame, to: Self.name)
        } catch {
            // A torn record would hide everything behind it.
            try disk.truncate(Self.name, to: bytes)
            throw error
        }
        bytes += frame.count
    }

    /// Whether the file has grown so far that it should be written anew.
    public var wantsCompaction: Bool { bytes > Self.compactionBytes }

    /// Writes the file anew with `entries` alone.
    public mutating func compact(to entries: [CommandJournalEntry]) throws(AgentError) {
        var content: [UInt8] = []
        for entry in entries { content += try Self.frame(entry) }
        try disk.replace(Self.name, with: content)
        bytes = content.count
    }

    private static func frame(_ entry: CommandJournalEntry) throws(AgentError) -> [UInt8] {
        var frame: [UInt8] = []
        do {
            RecordFrame.append([UInt8](try JSONEncoder().encode(entry)), to: &frame)
        } catch {
            throw .configuration(place: name, reason: "command \(entry.number) cannot be written: \(error)")
        }
        return frame
    }
}
