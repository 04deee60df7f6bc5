import FleetModel
import GRDB

extension FleetStateStore {
    /// Makes a token and returns its secret, which is kept nowhere: 256 bits from `generator` in hexadecimal, after a
    /// prefix that lets scanners for leaked secrets know it. Throws `FleetStateError.tokenExists` while another of the
    /// same role and name is in force, and `FleetStateError.reservedName` for a name of `AccessToken.reservedNames`.
    public func createToken(
        _ role: AccessToken.Role, name: Name<TokenKind>, actor: String, at time: Timestamp,
        using generator: inout some RandomNumberGenerator
    ) async throws -> String {
        if AccessToken.reservedNames.contains(name.text.lowercased()) {
            throw FleetStateError.reservedName(name.text)
        }
        let digits = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let secret = "evenkeel_\(role.rawValue)_" + SHA256.hexadecimal(digits)
        let token = AccessToken(name: name, role: role, hash: SHA256.hash(ofSecret: secret), created: time)
        try await writing { database in
            if try Self.isInForce(role, name, database) {
                throw FleetStateError.tokenExists(name: name.text, role: role.rawValue)
            }
            try StateChange.saveToken(token).write(to: database)
            let detail = "token for \(role.rawValue) \(name)"
            try StateChange.audit(AuditEntry(time: time, actor: actor, event: "token.create", detail: detail))
                .write(to: database)
        }
        return secret
    }

    /// Takes a token out of force. `false` where there is none in force by that role and name.
    public func revokeToken(
        _ role: AccessToken.Role, name: Name<TokenKind>, actor: String, at time: Timestamp
    ) async throws -> Bool {
        try await writing { database in
            guard try Self.isInForce(role, name, database) else { return false }
            try database.execute(
                literal: """
                    UPDATE tokens SET revoked = \(time.milliseconds)
                    WHERE role = \(role.rawValue) AND name = \(name.text)
                    """)
            let detail = "token for \(role.rawValue) \(name)"
            try StateChange.audit(AuditEntry(time: time, actor: actor, event: "token.revoke", detail: detail))
                .write(to: database)
            return true
        }
    }

    /// Every token, revoked ones as well, by role and name.
    public func tokens() async throws -> [AccessToken] {
        try await reading { try $0.tokens() }
    }

    /// The token whose secret has that hash, unless it was revoked; `nil` where there is none. Read from the file each
    /// time, so that a revocation by another process counts at once.
    public func token(hash: String) async throws -> AccessToken? {
        try await reading { reader in
            let sql = "SELECT * FROM tokens WHERE hash = ? AND revoked IS NULL"
            return try Row.fetchOne(reader.database, sql: sql, arguments: [hash]).map(reader.token)
        }
    }

    /// Whether a token was ever made: from then on a server asks for one on loopback too, also when all were revoked.
    public func hasTokens() async throws -> Bool {
        try await reading { reader in
            try Bool.fetchOne(reader.database, sql: "SELECT EXISTS (SELECT 1 FROM tokens)")
                ?? false
        }
    }

    private static func isInForce(_ role: AccessToken.Role, _ name: Name<TokenKind>, _ database: Database) throws
        -> Bool
    {
        let request: SQLRequest<Bool> = """
            SELECT EXISTS (
                SELECT 1 FROM tokens WHERE role = \(role.rawValue) AND name = \(name.text) AND revoked IS NULL)
            """
        return try request.fetchOne(database) ?? false
    }
}
