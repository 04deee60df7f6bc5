import FleetModel
import Foundation
import GRDB

extension StateChange {
    /// Writes the change inside the caller's transaction.
    func write(to database: Database) throws {
        switch self {
        case .saveHost(let record): try Self.write(record, to: database)
        case .removeHost(let host):
            try database.execute(literal: "DELETE FROM hosts WHERE name = \(host.text)")
        case .saveTip(let tip): try Self.write(tip, to: database)
        case .saveOperation(let operation): try Self.write(operation, to: database)
        case .saveCommand(let command): try Self.write(command, to: database)
        case .answerCommand(let number, let answer, let time):
            try database.execute(
                literal: """
                    UPDATE commands SET answer = \(try Document.text(of: answer)), answered = \(time.milliseconds)
                    WHERE number = \(number) AND answered IS NULL
                    """)
        case .saveToken(let token): try Self.write(token, to: database)
        case .saveParameter(let setting):
            try database.execute(
                literal: """
                    INSERT OR REPLACE INTO parameters (pack, name, cluster, value)
                    VALUES (\(setting.pack), \(setting.name), \(setting.cluster?.text ?? ""), \(setting.value))
                    """)
        case .removeParameter(let pack, let name, let cluster):
            try database.execute(
                literal: """
                    DELETE FROM parameters
                    WHERE pack = \(pack) AND name = \(name) AND cluster = \(cluster?.text ?? "")
                    """)
        case .savePack(let setting):
            try database.execute(
                literal: """
                    INSERT OR REPLACE INTO packs (pack, is_enabled, allows_plug_ins)
                    VALUES (\(setting.pack), \(setting.isEnabled), \(setting.allowsPlugIns))
                    """)
        case .savePolicy(let version): try PolicyTable.append(version, to: database)
        case .saveHold(let hold):
            try database.execute(
                literal: """
                    INSERT OR REPLACE INTO holds (scope, document)
                    VALUES (\(hold.scope.description), \(try Document.text(of: hold)))
                    """)
        case .removeHold(let scope):
            try database.execute(literal: "DELETE FROM holds WHERE scope = \(scope.description)")
        case .audit(let entry): try AuditTable.append(entry, to: database)
        }
    }

    private static func write(_ record: HostRecord, to database: Database) throws {
        try database.execute(
            literal: """
                INSERT OR REPLACE INTO hosts (name, cluster, received, document)
                VALUES (\(record.report.host.text), \(record.report.cluster.text), \(record.received.milliseconds),
                    \(try Document.text(of: record)))
                """)
    }

    private static func write(_ tip: Tip, to database: Database) throws {
        try database.execute(
            literal: """
                INSERT OR REPLACE INTO tips (number, state, is_final, updated, document)
                VALUES (\(tip.number), \(tip.state.rawValue), \(tip.state.isFinal), \(tip.updated.milliseconds),
                    \(try Document.text(of: tip)))
                """)
    }

    private static func write(_ operation: FleetModel.Operation, to database: Database) throws {
        var document = operation
        document.checkpoint = []
        document.progress = nil
        try database.execute(
            literal: """
                INSERT OR REPLACE INTO operations (number, state, is_final, tip, ended, checkpoint, document)
                VALUES (\(operation.number), \(operation.state.rawValue), \(operation.state.isFinal), \(operation.tip),
                    \(operation.ended?.milliseconds), \(Data(operation.checkpoint)), \(try Document.text(of: document)))
                """)
    }

    /// A number that is there already is refused: a second command under it would never reach its host.
    private static func write(_ command: AgentCommand, to database: Database) throws {
        try database.execute(
            literal: """
                INSERT INTO commands (number, host, operation, issued, document)
                VALUES (\(command.number), \(command.host.text), \(command.operation), \(command.issued.milliseconds),
                    \(try Document.text(of: command)))
                """)
    }

    private static func write(_ token: AccessToken, to database: Database) throws {
        try database.execute(
            literal: """
                INSERT OR REPLACE INTO tokens (role, name, hash, created, revoked)
                VALUES (\(token.role.rawValue), \(token.name.text), \(token.hash), \(token.created.milliseconds),
                    \(token.revoked?.milliseconds))
                """)
    }
}
