import ArgumentParser
import FleetServer

/// `evenkeel pack ls`: the server's packs.
struct PackListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "Lists the server's packs and whether they are well.",
        discussion: "Example: evenkeel pack ls --json | jq '.[] | select(.problem)'")

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let packs: [PackView] = try await server.client().get("/fleet/v1/packs")
        try output.show(packs, table: Self.table)
    }

    static func table(_ packs: [PackView]) -> String {
        if packs.isEmpty { return "No packs." }
        var table = TextTable("NAME", "VERSION", "ON", ">RULES", ">FIRING", "TITLE", "REMARKS")
        for pack in packs {
            table.add(
                pack.name.isEmpty ? pack.path : pack.name, pack.version, pack.isEnabled ? "yes" : "no", "\(pack.rules)",
                "\(pack.firing)", pack.title,
                PlainText.oneLine((problems(pack) + pack.remarks).joined(separator: "; ")))
        }
        return table.text
    }

    /// The first of what is wrong with a pack; a list is no place for hundreds of findings.
    private static func problems(_ pack: PackView) -> [String] {
        let lines = pack.problem?.split(separator: "\n").map(String.init) ?? []
        guard lines.count > mostProblems else { return lines }
        return lines.prefix(mostProblems) + ["and \(lines.count - mostProblems) more: evenkeel pack check \(pack.path)"]
    }

    private static let mostProblems = 2
}
