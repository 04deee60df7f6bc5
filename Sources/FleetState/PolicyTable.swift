import FleetModel
import GRDB

/// The table of the policy's versions, and how the automation levels of before it became one.
enum PolicyTable {
    static func create(_ database: Database) throws {
        let old = try Row.fetchAll(database, sql: "SELECT cluster, level FROM policies")
        try database.execute(
            sql: """
                DROP TABLE policies;
                CREATE TABLE policies (
                    version INTEGER PRIMARY KEY NOT NULL, time INTEGER NOT NULL, actor TEXT NOT NULL,
                    change TEXT NOT NULL, document TEXT NOT NULL
                ) STRICT;
                CREATE TABLE holds (scope TEXT PRIMARY KEY NOT NULL, document TEXT NOT NULL) STRICT, WITHOUT ROWID;
                """)
        if old.isEmpty { return }
        var policy = FleetPolicy()
        for row in old { policy = try add(row, to: policy) }
        policy.version = 1
        let version = PolicyVersion(
            policy: policy, time: Timestamp(milliseconds: 0), actor: "evenkeel", change: "taken over from before")
        try append(version, to: database)
    }

    private static func add(_ row: Row, to policy: FleetPolicy) throws -> FleetPolicy {
        let (cluster, text): (String, String) = (row["cluster"], row["level"])
        let scope: AutomationScope? = cluster.isEmpty ? .fleet : ClusterName(cluster).map { .cluster($0) }
        guard let scope, let level = AutomationLevel(rawValue: text) else {
            throw FleetStateError.unreadableDocument(
                path: "", table: "policies", key: cluster.isEmpty ? "fleet" : cluster,
                reason: "'\(text)' is not a level")
        }
        return try policy.applying(.setAutomation(AutomationRule(scope: scope, level: level)))
    }

    static func append(_ version: PolicyVersion, to database: Database) throws {
        try database.execute(
            literal: """
                INSERT INTO policies (version, time, actor, change, document)
                VALUES (\(version.policy.version), \(version.time.milliseconds), \(version.actor), \(version.change),
                    \(try Document.text(of: version.policy)))
                """)
    }
}

extension FleetStateStore {
    /// The policy's versions, newest first, at most `limit`. Throws `FleetStateError`.
    public func policyVersions(limit: Int) async throws -> [PolicyVersion] {
        try await versions("TRUE ORDER BY version DESC LIMIT \(max(0, limit))")
    }

    /// The policy's version of that number; `nil` where there is none. Throws `FleetStateError`.
    public func policyVersion(_ number: Int64) async throws -> PolicyVersion? {
        try await versions("version = \(number)").first
    }

    private func versions(_ condition: String) async throws -> [PolicyVersion] {
        try await reading { reader in
            try Row.fetchAll(
                reader.database, sql: "SELECT version, time, actor, change, document FROM policies WHERE \(condition)"
            ).map { row in
                let number: Int64 = row["version"]
                let place = DocumentPlace(path: reader.path, table: "policies", key: "\(number)")
                return PolicyVersion(
                    policy: try Document.value(FleetPolicy.self, from: row["document"], at: place),
                    time: Timestamp(milliseconds: row["time"]), actor: row["actor"], change: row["change"])
            }
        }
    }
}
