import Foundation
import Testing

@testable import FleetServer

@Suite("The file of the rules' memory")
struct RuleCheckpointFileTests {
    @Test(
        "One that is broken is refused in words, with what it is for and what to do", arguments: ["{broken", "[]", ""])
    func broken(text: String) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "rules-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "rules.json").path
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        let error = try #require(throws: ServerError.self) { try RuleCheckpointFile(path: path).read() }
        #expect("\(error)".hasPrefix("\(path) cannot be used: "), "\(error)")
        #expect("\(error)".contains("put it back from a backup") && !"\(error)".contains("DecodingError"), "\(error)")
    }

    @Test("One that is not there is an empty memory")
    func none() throws {
        #expect(try RuleCheckpointFile(path: "/nonexistent/rules.json").read() == nil)
    }
}
