import ArgumentParser
import FleetModel
import FleetServer
import FleetState
import Foundation
import HTTPClient

/// `evenkeel audit`: who did what, why, and how it ended.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "The append-only log of everything that was decided and done.",
        subcommands: [AuditListCommand.self, AuditExportCommand.self, AuditVerifyCommand.self],
        defaultSubcommand: AuditListCommand.self)
}

/// `evenkeel audit ls`: the newest entries.
struct AuditListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "Lists the newest entries, oldest first.",
        discussion: """
            Example: evenkeel audit ls --tip 3
                     evenkeel audit ls --event operation --by policy --json
            """)

    @Option(help: "Only about this tip.")
    var tip: Int64?

    @Option(help: "Only about this operation.")
    var operation: Int64?

    @Option(help: "Only by this operator, or by policy or evenkeel.")
    var by: String?

    @Option(help: "Only this event (tip.approved) or kind of events (tip).")
    var event: String?

    @Option(help: "How many.")
    var limit = 50

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        var query = ["limit=\(max(1, limit))"]
        if let tip { query.append("tip=\(tip)") }
        if let operation { query.append("operation=\(operation)") }
        if let by { query.append("actor=\(ServerClient.escaped(by))") }
        if let event { query.append("event=\(ServerClient.escaped(event))") }
        let path = "/fleet/v1/audit?" + query.joined(separator: "&")
        let entries: [AuditEntry] = try await server.client().get(path)
        try output.show(entries, table: Self.table)
    }

    static func table(_ entries: [AuditEntry]) -> String {
        if entries.isEmpty { return "No entries." }
        var table = TextTable(">N", "TIME", "BY", "EVENT", ">TIP", ">OP", "WHAT")
        for entry in entries {
            table.add(
                "\(entry.number)", "\(Phrases.day(entry.time)) \(Phrases.timeOfDay(entry.time))", entry.actor,
                entry.event, entry.tip.map { "\($0)" } ?? "-", entry.operation.map { "\($0)" } ?? "-",
                Self.what(entry))
        }
        return table.text
    }
}

extension AuditListCommand {
    /// What was done, how it ended unless that says so already, and what allowed it.
    static func what(_ entry: AuditEntry) -> String {
        let outcome = entry.outcome.flatMap { $0.hasSuffix(entry.detail) || entry.event.hasPrefix("tip.") ? nil : $0 }
        return [entry.detail, outcome.map { "-> \($0)" }, entry.authority.map { "(\($0))" }].compactMap(\.self)
            .joined(separator: " ")
    }
}

/// `evenkeel audit export`: the whole log as JSON Lines.
struct AuditExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Prints the log as JSON Lines, each entry with its seal.",
        discussion: """
            The last line holds the log's end; 'evenkeel audit verify FILE' tells whether a file is whole.
            Example: evenkeel audit export > audit.jsonl
                     evenkeel audit export | jq -c 'select(.entry.actor == "policy") | .entry'
            """)

    @Option(help: "Only what comes after the entry of this number.")
    var after: Int64 = 0

    @OptionGroup var server: ServerOptions

    func run() async throws {
        let answer = try await server.client().exchange(.get, "/fleet/v1/audit/export?after=\(max(0, after))")
        FileHandle.standardOutput.write(Data(answer.body))
    }
}

/// `evenkeel audit verify`: is the log what it was?
struct AuditVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Checks every seal of the log: the server's, a file's, or a data folder's.",
        discussion: """
            Each entry is sealed with the seal before it, so that none can be changed, left out or moved. No chain shows \
            by itself that its newest entries were cut off, or that all of it was written anew: keep the end that this \
            command prints elsewhere, and give it back with --known.
            Exit code 1 when the log is not what it was; the first broken entry is named.
            Example: evenkeel audit verify --known 41:9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab
                     evenkeel audit verify audit.jsonl
                     evenkeel audit verify --data /var/lib/evenkeel
            """)

    @Argument(help: "An exported file; without it, and without --data, the server is asked.", completion: .file())
    var file: String?

    @Option(help: "A server's data folder; the server need not run.", completion: .directory)
    var data: String?

    @Option(help: "An end that was printed before, NUMBER:SEAL.")
    var known: String?

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if file != nil && data != nil { throw ValidationError("give a file or --data, not both") }
        if let known, AuditChain(known) == nil { throw ValidationError("--known: '\(known)' is not NUMBER:SEAL") }
    }

    func run() async throws {
        let verdict = try await verdict()
        try output.show(verdict) { verdict in
            verdict.end.map { "The log is whole. It ends with \($0)" } ?? "NOT WHOLE: \(verdict.problem ?? "")"
        }
        if verdict.problem != nil { throw ExitCode(1) }
    }

    private func verdict() async throws -> AuditVerdict {
        let known = known.flatMap { AuditChain($0) }
        do {
            if let file { return AuditVerdict(end: try AuditFile(path: file).verify(known: known).description) }
            if let data { return AuditVerdict(end: try await verify(folder: data, known: known).description) }
        } catch let error as AuditBreak {
            return AuditVerdict(problem: "\(error)")
        }
        let query = known.map { "?known=\($0)" } ?? ""
        return try await server.client().get("/fleet/v1/audit/verify" + query)
    }

    private func verify(folder: String, known: AuditChain?) async throws -> AuditChain {
        let path = folder + "/fleet.sqlite"
        guard FileManager.default.fileExists(atPath: path) else {
            throw CommandFailure(.wrongUse, "\(path) is not there: --data names a server's data folder")
        }
        do {
            return try await FleetStateStore(path: path).verifyAudit(known: known)
        } catch let error as FleetStateError {
            throw CommandFailure(.no, "\(error)")
        }
    }
}
