import ArgumentParser
import RulePacks

/// `evenkeel pack schema`: what editors check pack.yaml by.
struct PackSchemaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Prints the JSON Schema of pack.yaml, for editors.",
        discussion: """
            It lies beside the bundled packs as pack.schema.json; an editor finds it by the first line of a pack.yaml:
              # yaml-language-server: $schema=../pack.schema.json
            Example: evenkeel pack schema > pack.schema.json
            """)

    func run() async throws { print(PackSchema.text(), terminator: "") }
}
