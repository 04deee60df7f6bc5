import FleetModel
import GRDB

/// A command, and how it was answered if it was.
public struct CommandReceipt: Hashable, Sendable {
    /// The command.
    public var command: AgentCommand
    /// Its first answer, the one that counts; `nil` while there is none.
    public var answer: HostTaskAnswer?
}

extension FleetStateStore {
    /// Everything that a server needs at start. Throws `FleetStateError`.
    public func load() async throws -> StoredState {
        try await reading { reader in
            var state = StoredState(
                hosts: try reader.documents(HostRecord.self, table: "hosts", order: "name"),
                tips: try reader.tips(where: "NOT is_final"),
                operations: try reader.operations(where: "NOT is_final"),
                commands: try reader.documents(
                    AgentCommand.self, table: "commands", where: "answered IS NULL", order: "number"),
                tokens: try reader.tokens(), parameters: try reader.parameters(), policy: try reader.policy(),
                holds: try reader.holds(), lastNumbers: try reader.lastNumbers(),
                endedTips: try reader.tips(where: "is_final", order: "updated DESC, number DESC", limit: Self.lookBack),
                endedOperations: try reader.operations(
                    where: "is_final", order: "ended DESC, number DESC", limit: Self.lookBack))
            state.packs = try reader.packs()
            return state
        }
    }

    /// The parameters that differ from their pack's default.
    public func parameters() async throws -> [ParameterSetting] {
        try await reading { try $0.parameters() }
    }

    /// What was set of whole packs.
    public func packs() async throws -> [PackSetting] {
        try await reading { try $0.packs() }
    }

    /// Tips and operations that have ended, newest first, at most `limit` of each.
    public func history(limit: Int) async throws -> (tips: [Tip], operations: [Operation]) {
        try await reading { reader in
            (
                try reader.tips(where: "is_final", order: "updated DESC, number DESC", limit: max(0, limit)),
                try reader.operations(where: "is_final", order: "ended DESC, number DESC", limit: max(0, limit))
            )
        }
    }

    /// The tip with that number, open or ended; `nil` where there never was one.
    public func tip(_ number: Int64) async throws -> Tip? {
        try await reading { try $0.tips(where: "number = \(number)").first }
    }

    /// The operation with that number, running or ended; `nil` where there never was one.
    public func operation(_ number: Int64) async throws -> Operation? {
        try await reading { try $0.operations(where: "number = \(number)").first }
    }

    /// The command with that number and its answer; `nil` where it was never issued. Tells an answer that comes again
    /// from one that contradicts the first.
    public func receipt(ofCommand number: Int64) async throws -> CommandReceipt? {
        try await reading { reader in
            let sql = "SELECT document, answer FROM commands WHERE number = ?"
            guard let row = try Row.fetchOne(reader.database, sql: sql, arguments: [number]) else { return nil }
            let place = DocumentPlace(path: reader.path, table: "commands", key: "\(number)")
            let text: String? = row[1]
            let answer = try text.map { try Document.value(HostTaskAnswer.self, from: $0, at: place) }
            return CommandReceipt(
                command: try Document.value(AgentCommand.self, from: row[0], at: place), answer: answer)
        }
    }
}
