import Foundation
import Testing

@Suite("Prometheus' own tool accepts the bundled packs unchanged")
struct PromtoolTests {
    static let tool = ["/usr/bin/promtool", "/usr/local/bin/promtool"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// What promtool is to do, in the folder of a bundled pack.
    static let runs: [[String]] =
        Places.bundledPacks.flatMap { pack in
            [["check", "rules", "../\(pack)/\(pack).rules.yaml"], ["test", "rules", "../\(pack)/\(pack).test.yaml"]]
        } + [["check", "rules", Places.root.appending(path: "dashboards/alerts/evenkeel.rules.yaml").path]]

    static func run(_ arguments: [String], in folder: String) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: try #require(tool))
        process.arguments = arguments
        process.currentDirectoryURL = URL(filePath: folder)
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, output)
    }

    @Test(
        "promtool", .enabled(if: tool != nil, "promtool is not installed (Debian: prometheus)"),
        arguments: runs)
    func promtool(arguments: [String]) throws {
        let (status, output) = try Self.run(arguments, in: Places.hostPressure)
        #expect(status == 0, "\(output)")
        #expect(output.contains("SUCCESS"))
    }
}
