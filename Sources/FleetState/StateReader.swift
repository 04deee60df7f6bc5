import FleetModel
import Foundation
import GRDB

/// Reads the tables of `FleetSchema` inside one transaction.
struct StateReader {
    let database: Database
    let path: String

    func documents<Value: Decodable>(
        _ type: Value.Type, table: String, where condition: String = "TRUE", order: String, limit: Int? = nil,
        arguments: StatementArguments = StatementArguments()
    ) throws -> [Value] {
        let key = table == "hosts" ? "name" : "number"
        let sql =
            "SELECT CAST(\(key) AS TEXT), document FROM \(table) WHERE \(condition) ORDER BY \(order) LIMIT \(limit ?? -1)"
        return try Row.fetchAll(database, sql: sql, arguments: arguments).map { row in
            let place = DocumentPlace(path: path, table: table, key: row[0])
            return try Document.value(type, from: row[1], at: place)
        }
    }

    func tips(where condition: String, order: String = "number", limit: Int? = nil) throws -> [Tip] {
        try documents(Tip.self, table: "tips", where: condition, order: order, limit: limit)
    }

    func operations(
        where condition: String, order: String = "number", limit: Int? = nil
    ) throws -> [FleetModel.Operation] {
        let sql =
            "SELECT CAST(number AS TEXT), document, checkpoint FROM operations WHERE \(condition) ORDER BY \(order) LIMIT \(limit ?? -1)"
        return try Row.fetchAll(database, sql: sql).map { row in
            let place = DocumentPlace(path: path, table: "operations", key: row[0])
            var operation = try Document.value(FleetModel.Operation.self, from: row[1], at: place)
            let checkpoint: Data = row[2]
            operation.checkpoint = Array(checkpoint)
            return operation
        }
    }

    func tokens() throws -> [AccessToken] {
        try Row.fetchAll(database, sql: "SELECT * FROM tokens ORDER BY role, name").map(token)
    }

    func token(_ row: Row) throws -> AccessToken {
        let (name, role): (String, String) = (row["name"], row["role"])
        guard let checkedName = Name<TokenKind>(name), let checkedRole = AccessToken.Role(rawValue: role) else {
            throw FleetStateError.unreadableDocument(
                path: path, table: "tokens", key: "\(role) \(name)", reason: "not a known role and name")
        }
        let revoked: Int64? = row["revoked"]
        return AccessToken(
            name: checkedName, role: checkedRole, hash: row["hash"], created: Timestamp(milliseconds: row["created"]),
            revoked: revoked.map { Timestamp(milliseconds: $0) })
    }

    func parameters() throws -> [ParameterSetting] {
        try Row.fetchAll(database, sql: "SELECT * FROM parameters ORDER BY pack, name, cluster").map { row in
            let cluster = try cluster(row["cluster"], table: "parameters")
            return ParameterSetting(pack: row["pack"], name: row["name"], cluster: cluster, value: row["value"])
        }
    }

    func packs() throws -> [PackSetting] {
        try Row.fetchAll(database, sql: "SELECT * FROM packs ORDER BY pack").map { row in
            PackSetting(pack: row["pack"], isEnabled: row["is_enabled"], allowsPlugIns: row["allows_plug_ins"])
        }
    }

    func policy() throws -> FleetPolicy {
        let sql = "SELECT CAST(version AS TEXT), document FROM policies ORDER BY version DESC LIMIT 1"
        guard let row = try Row.fetchOne(database, sql: sql) else { return FleetPolicy() }
        let place = DocumentPlace(path: path, table: "policies", key: row[0])
        return try Document.value(FleetPolicy.self, from: row[1], at: place)
    }

    func holds() throws -> [Hold] {
        try Row.fetchAll(database, sql: "SELECT scope, document FROM holds ORDER BY scope").map { row in
            try Document.value(Hold.self, from: row[1], at: DocumentPlace(path: path, table: "holds", key: row[0]))
        }
    }

    /// Where `""` stands for the whole fleet.
    private func cluster(_ text: String, table: String) throws -> ClusterName? {
        if text.isEmpty { return nil }
        guard let name = ClusterName(text) else {
            throw FleetStateError.unreadableDocument(
                path: path, table: table, key: text, reason: "'\(text)' is not a cluster's name")
        }
        return name
    }

    func lastNumbers() throws -> LastNumbers {
        var numbers = LastNumbers()
        numbers.tip = try last(of: "tips")
        numbers.operation = try last(of: "operations")
        numbers.command = try last(of: "commands")
        numbers.audit = try last(of: "audit")
        return numbers
    }

    private func last(of table: String) throws -> Int64 {
        try Int64.fetchOne(database, sql: "SELECT coalesce(max(number), 0) FROM \(table)") ?? 0
    }
}
