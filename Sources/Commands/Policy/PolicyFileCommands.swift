import ArgumentParser
import FleetModel
import FleetServer
import Foundation
import HTTPClient

/// `evenkeel policy history`.
struct PolicyHistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Lists the policy's versions, newest first.",
        discussion: "Example: evenkeel policy history --json | jq '.[0].policy'")

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let versions: [PolicyVersion] = try await server.client().get("/fleet/v1/policy/versions")
        try output.show(versions) { versions in
            if versions.isEmpty { return "Nobody has set anything." }
            var table = TextTable(">VERSION", "WHEN", "BY", "WHAT")
            for version in versions {
                table.add(
                    "\(version.policy.version)", Phrases.moment(version.time),
                    version.actor, version.change)
            }
            return table.text
        }
    }
}

/// `evenkeel policy export`.
struct PolicyExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Prints the policy as YAML.",
        discussion: "Example: evenkeel policy export > policy.yaml")

    @OptionGroup var server: ServerOptions

    func run() async throws {
        let answer = try await server.client().exchange(.get, "/fleet/v1/policy/file")
        FileHandle.standardOutput.write(Data(answer.body))
    }
}

/// `evenkeel policy import`.
struct PolicyImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Sets the whole policy from a YAML file, or changes nothing.",
        discussion: "VMs may be given by name. Example: evenkeel policy import policy.yaml --version 7")

    @Argument(help: "The file.", completion: .file())
    var file: String

    @Option(help: "Refuse when the policy is not at this version any more.")
    var version: Int64?

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        guard let yaml = FileManager.default.contents(atPath: file) else {
            throw CommandFailure(.wrongUse, "\(file) cannot be read")
        }
        // A file that was cut short must not take the whole policy away; '{}' does where that is meant.
        if !Self.saysSomething(yaml) {
            throw CommandFailure(.wrongUse, "\(file) says nothing; a file with {} takes all of the policy away")
        }
        let client = try server.client()
        let path = "/fleet/v1/policy/file" + (version.map { "?version=\($0)" } ?? "")
        let response = try await client.exchange(.put, path, body: Array(yaml), alsoTaking: [400])
        if response.status == 400 {
            let reason = ServerClient.reason(in: response)
            throw CommandFailure(.wrongUse, reason.hasPrefix("policy:") ? file + reason.dropFirst(6) : reason)
        }
        let answer: PolicyAnswer = try client.decode(response, from: path)
        try output.show(answer, table: PolicyClient.text)
    }

    /// Whether there is more in it than comments.
    private static func saysSomething(_ yaml: Data) -> Bool {
        String(decoding: yaml, as: UTF8.self).split(whereSeparator: \.isNewline).contains { line in
            let text = line.drop(while: \.isWhitespace)
            return !text.isEmpty && !text.hasPrefix("#") && !text.hasPrefix("---")
        }
    }
}

extension AutomationLevel: ExpressibleByArgument {}
extension TipLevel: ExpressibleByArgument {}
extension LimitName: ExpressibleByArgument {}
extension MachinePolicy.Priority: ExpressibleByArgument {}

/// Scopes as people write them: VMs by name, too.
enum ScopeText {
    static func scope(_ text: String, _ client: PolicyClient) async throws -> AutomationScope {
        if text.hasPrefix("vm:"), let id = try await client.machines([String(text.dropFirst(3))]).first {
            return .machine(id)
        }
        guard let scope = AutomationScope(text) else {
            throw CommandFailure(
                .wrongUse, "'\(text)' is none of fleet, cluster:NAME, pack:NAME, rule:PACK/ALERT, vm:NAME")
        }
        return scope
    }
}
