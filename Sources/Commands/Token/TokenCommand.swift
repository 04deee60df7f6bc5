import ArgumentParser
import FleetModel
import FleetState
import Foundation

/// `evenkeel token`: who may reach a server that is protected.
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Makes, lists and revokes access tokens, on the server's machine.",
        discussion: "A running server takes note at once, except of the very first token: then restart it.",
        subcommands: [TokenCreateCommand.self, TokenListCommand.self, TokenRevokeCommand.self])
}

/// Which server's tokens, and whose.
struct TokenPlace: ParsableArguments {
    @Option(help: "The server's data folder.")
    var data: String = "/var/lib/evenkeel"

    func store() throws -> FleetStateStore {
        do {
            if !FileManager.default.fileExists(atPath: data) {
                try FileManager.default.createDirectory(
                    atPath: data, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            }
            return try FleetStateStore(path: data + "/fleet.sqlite")
        } catch {
            throw CommandFailure(.environment, "\(error)")
        }
    }

    /// Who is recorded in the audit log: the user of this machine.
    var actor: String { "local:\(NSUserName())" }
}

extension AccessToken.Role: ExpressibleByArgument {}

/// `evenkeel token create`.
struct TokenCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Makes a token and prints its secret, which is kept nowhere else.",
        discussion: """
            An agent's token bears its host's name and can only write that host's series and answer its commands.
            Example: evenkeel token create agent kvm1 --data /var/lib/evenkeel > kvm1.token
            """)

    @Argument(help: "agent or operator.")
    var role: AccessToken.Role

    @Argument(help: "The host's or the operator's name.")
    var name: String

    @OptionGroup var place: TokenPlace
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let name = try TokenName.checked(name)
        var generator = SystemRandomNumberGenerator()
        let secret: String
        do {
            secret = try await place.store().createToken(
                role, name: name, actor: place.actor, at: WallClock().now, using: &generator)
        } catch let error as FleetStateError {
            throw CommandFailure(.no, "\(error)")
        }
        try output.show(["role": role.rawValue, "name": name.text, "token": secret]) { _ in secret }
    }
}

/// `evenkeel token ls`.
struct TokenListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "Lists the tokens, without their secrets.",
        discussion: "Example: evenkeel token ls --data /var/lib/evenkeel")

    @OptionGroup var place: TokenPlace
    @OptionGroup var output: OutputOptions

    private struct Row: Encodable {
        let role: String
        let name: String
        let created: Timestamp
        let revoked: Timestamp?
    }

    func run() async throws {
        let rows = try await place.store().tokens().map {
            Row(role: $0.role.rawValue, name: $0.name.text, created: $0.created, revoked: $0.revoked)
        }
        try output.show(rows) { rows in
            var table = TextTable("ROLE", "NAME", "AGE", "STATE")
            let now = WallClock().now
            for row in rows {
                table.add(
                    row.role, row.name, Phrases.age(row.created, now: now), row.revoked == nil ? "in force" : "revoked")
            }
            return table.text
        }
    }
}

/// `evenkeel token revoke`.
struct TokenRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Takes a token out of force, at once.",
        discussion: "Example: evenkeel token revoke agent kvm1 --data /var/lib/evenkeel")

    @Argument(help: "agent or operator.")
    var role: AccessToken.Role

    @Argument(help: "The host's or the operator's name.")
    var name: String

    @OptionGroup var place: TokenPlace

    func run() async throws {
        let name = try TokenName.checked(name)
        let found = try await place.store().revokeToken(role, name: name, actor: place.actor, at: WallClock().now)
        if !found { throw CommandFailure(.no, "no token for \(role.rawValue) \(name) is in force") }
        print("The token of \(role.rawValue) \(name) is revoked.")
    }
}

private enum TokenName {
    static func checked(_ text: String) throws -> Name<TokenKind> {
        guard let name = Name<TokenKind>(text) else {
            throw CommandFailure(.wrongUse, "'\(text)' is not a name: 1 to 63 letters, digits, '.', '_' and '-'")
        }
        return name
    }
}
