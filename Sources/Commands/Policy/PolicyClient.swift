import FleetModel
import FleetServer
import HTTPClient

/// What the commands of policy, cluster and constraint have in common.
struct PolicyClient {
    let client: ServerClient

    func view() async throws -> PolicyView { try await client.get("/fleet/v1/policy") }

    /// Makes a change on top of what was seen; a change that came in between is not overwritten.
    func change(_ change: PolicyChange, seen version: Int64? = nil) async throws -> PolicyAnswer {
        try await client.post("/fleet/v1/policy", PolicyOrder(change: change, version: version))
    }

    /// Lets go of a hold.
    func release(_ scope: HoldScope) async throws -> HoldAnswer {
        try await client.delete("/fleet/v1/holds/\(ServerClient.escaped(scope.description))")
    }

    func hold(_ scope: HoldScope, reason: String, cancel: Bool = false) async throws -> HoldAnswer {
        try await client.post("/fleet/v1/holds", HoldOrder(scope: scope, reason: reason, cancel: cancel))
    }

    /// The VMs of those names or UUIDs.
    func machines(_ texts: [String]) async throws -> [VirtualMachineID] {
        if texts.allSatisfy({ VirtualMachineID($0) != nil }) { return texts.compactMap { VirtualMachineID($0) } }
        let all: [VirtualMachineView] = try await client.get("/fleet/v1/vms")
        return try texts.map { text in
            if let id = VirtualMachineID(text) { return id }
            let found = Set(all.filter { $0.name == text }.compactMap { VirtualMachineID($0.id) })
            guard let id = found.first else {
                throw CommandFailure(.wrongUse, "there is no VM '\(text)'; see 'evenkeel vm ls'")
            }
            guard found.count == 1 else {
                throw CommandFailure(.wrongUse, "\(found.count) VMs are called '\(text)'; say which by its UUID")
            }
            return id
        }
    }

    /// What came of a change, and what is broken now.
    static func text(_ answer: PolicyAnswer) -> String {
        (["The policy is at version \(answer.version)."] + answer.warnings.map { "WARNING  \($0)" })
            .joined(separator: "\n")
    }

    static func holds(_ holds: [Hold]) -> [String] {
        holds.map {
            "HELD     \($0.scope) by \($0.actor) since \(Phrases.moment($0.since)): \($0.reason)"
        }
    }
}
