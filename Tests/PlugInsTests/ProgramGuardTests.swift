import FleetModel
import Foundation
import Glibc
import Testing

@testable import PlugIns

/// Programs behind a guard: nothing of them gets away, whatever they do and whoever dies.
@Suite struct ProgramGuardTests {
    private let folder: PackFolder
    private let keeper = ProgramPlugIn.Keeper(executable: executable, owner: "a1b2c3")

    init() throws { folder = try PackFolder() }

    /// SwiftPM puts it beside the tests.
    private static var executable: String {
        URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent("evenkeel").path
    }

    private func run(_ script: String) async throws -> PlugInResult {
        var limits = ProgramPlugIn.Limits()
        limits.grace = .milliseconds(200)
        return try await folder.run(script, limits: limits, keeper: keeper).result
    }

    private func words(_ result: PlugInResult) -> String {
        if case .failed(let reason) = result { return reason }
        return "\(result)"
    }

    /// Without its mark, out of its session, and its parents gone before anybody looks.
    private static let escape = """
        env -i /bin/sh -c 'setsid /bin/sh -c "setsid /bin/sh -c \\"echo \\\\\\$\\\\\\$ > away.txt; exec /bin/sleep 1000\\" & exit 0" & exit 0'

        """
    private static let waiting = "while [ ! -s away.txt ]; do sleep 0.01; done\n"

    @Test func theProgramSpeaksAndEndsAsWithoutAGuard() async throws {
        #expect(try await run("cat > in.txt; echo '{\"result\": \"done\", \"message\": \"well\"}'") == .done("well"))
        #expect(folder.read("in.txt")?.contains("operation-17") == true)
        #expect(words(try await run("echo no disk >&2; exit 3")).contains("exit code 3: no disk"))
        #expect(words(try await run("kill -9 $$")).contains("killed by signal 9"))
        #expect(words(try await run("kill -TERM $$")).contains("killed by signal 15"))
        try folder.put("bin/act", "#!/no/such/interpreter\n")
        let runner = ProgramPlugIn(folder: folder.path, keeper: keeper)
        #expect(words(await runner.run(PackFolder.request()) { _ in }).contains("not started"))
    }

    @Test func whatTakesItsMarkOffAndLosesItsParentsAtOnceEndsAllTheSame() async throws {
        let result = try await run(Self.escape + Self.waiting + "echo '{\"result\": \"done\"}'\n")
        #expect(result == .done(""))
        #expect(try !folder.lives("away.txt"))
    }

    @Test func oneThatHangsTakesWhatItHidAlong() async throws {
        let result = try await run(
            Self.escape + Self.waiting + "trap '' TERM\necho time is over\nwhile :; do sleep 1; done\n")
        #expect(words(result).contains("longer than it may"))
        #expect(try !folder.lives("away.txt"))
    }

    @Test func whenTheServerDiesAllOfItDies() throws {
        try folder.put("bin/act", "#!/bin/sh\n" + Self.escape + "echo $$ > pid.txt\nexec sleep 1000\n")
        let process = try ProgramProcess(
            path: folder.path + "/bin/act", folder: folder.path, token: "a1b2c3.x", guardian: Self.executable)
        let guardian = process.identifier
        try until("it has begun") { folder.hasNumber("pid.txt") && folder.hasNumber("away.txt") }
        #expect(try folder.lives("away.txt") && folder.lives("pid.txt"))
        // What the kernel does with the descriptors of a server that was killed.
        _ = consume process
        var status: Int32 = 0
        #expect(unsafe waitpid(guardian, &status, 0) == guardian)
        #expect(try !folder.lives("away.txt") && !folder.lives("pid.txt"))
    }

    @Test func whatAnEarlierRunHasLeftIsEndedByItsMark() throws {
        try folder.put("bin/act", "#!/bin/sh\necho $$ > pid.txt\nexec sleep 1000\n")
        let process = try ProgramProcess(
            path: folder.path + "/bin/act", folder: folder.path, token: "a1b2c3.y", guardian: nil)
        let number = process.identifier
        try until("it has begun") { folder.hasNumber("pid.txt") }
        #expect(ProgramPlugIn.Keeper(owner: "a1b2").endLeftovers() == 0)
        #expect(ProgramPlugIn.Keeper(owner: "").endLeftovers() == 0)
        #expect(keeper.endLeftovers() >= 1)
        var status: Int32 = 0
        #expect(unsafe waitpid(number, &status, 0) == number)
        #expect(try !folder.lives("pid.txt"))
    }

    private func until(_ what: String, _ holds: () -> Bool) throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while !holds() {
            try #require(ContinuousClock.now < deadline, "gave up waiting until \(what)")
            usleep(10_000)
        }
    }
}
