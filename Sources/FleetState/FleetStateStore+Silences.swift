import FleetModel
import GRDB

extension FleetStateStore {
    /// The most silences that hold at a time.
    public static let mostSilences = 1000

    /// Keeps a new silence and returns it with its number; `nil` where `mostSilences` hold already. Throws
    /// `FleetStateError`.
    public func addSilence(_ silence: Silence) async throws -> Silence? {
        try await writing { database in
            let held = try Int.fetchOne(
                database, sql: "SELECT count(*) FROM silences WHERE until > ?",
                arguments: [silence.created.milliseconds])
            guard held ?? 0 < Self.mostSilences else { return nil }
            var numbered = silence
            let last = try Int64.fetchOne(database, sql: "SELECT coalesce(max(number), 0) FROM silences") ?? 0
            numbered.number = last + 1
            try Self.write(numbered, "silence.add", by: silence.actor, at: silence.created, database)
            return numbered
        }
    }

    /// Ends a silence now; returns it as it is then, `nil` where none by that number holds. Throws `FleetStateError`.
    public func endSilence(_ number: Int64, actor: String, at time: Timestamp) async throws -> Silence? {
        let path = path
        return try await writing { database in
            let reader = StateReader(database: database, path: path)
            let found = try reader.documents(
                Silence.self, table: "silences", where: "number = ? AND until > ?", order: "number",
                arguments: [number, time.milliseconds])
            guard var silence = found.first else { return nil }
            silence.until = time
            try Self.write(silence, "silence.end", by: actor, at: time, database)
            return silence
        }
    }

    /// The silences that hold at `time`, by number; the last 500 of all on request. Throws `FleetStateError`.
    public func silences(at time: Timestamp, all: Bool = false) async throws -> [Silence] {
        try await reading { reader in
            if all {
                return try reader.documents(Silence.self, table: "silences", order: "number DESC", limit: 500)
                    .reversed()
            }
            return try reader.documents(
                Silence.self, table: "silences", where: "until > ?", order: "number", arguments: [time.milliseconds])
        }
    }

    private static func write(
        _ silence: Silence, _ event: String, by actor: String, at time: Timestamp, _ database: Database
    ) throws {
        try database.execute(
            literal: """
                INSERT OR REPLACE INTO silences (number, until, document)
                VALUES (\(silence.number), \(silence.until.milliseconds), \(try Document.text(of: silence)))
                """)
        let detail = "silence \(silence.number) of \(silence.matchers.joined(separator: ", ")): \(silence.reason)"
        try StateChange.audit(AuditEntry(time: time, actor: actor, event: event, detail: detail)).write(to: database)
    }
}
