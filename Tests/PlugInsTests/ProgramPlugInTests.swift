import FleetModel
import Foundation
import PlugIns
import Testing

/// Real programs: what they get, what they say, and what becomes of those that misbehave.
@Suite struct ProgramPlugInTests {
    private let folder: PackFolder

    init() throws { folder = try PackFolder() }

    private func reason(_ result: PlugInResult) -> String {
        if case .failed(let reason) = result { return reason }
        return "\(result)"
    }

    @Test func aProgramGetsItsRequestAndSaysHowItWent() async throws {
        let (result, progress) = try await folder.run(
            """
            cat > request.json
            echo '{"progress": 0.4, "message": "draining"}'
            echo 'plain words'
            echo '{"progress": 7}'
            printf '{"result": "done", "message": "replaced"}'
            """, arguments: ["fan": "3; rm -rf /"])
        #expect(result == .done("replaced"))
        #expect(progress.map(\.share) == [0.4, nil, 1] && progress.map(\.message) == ["draining", "plain words", ""])
        let json = try #require(folder.read("request.json"))
        #expect(
            json
                == #"{"arguments":{"fan":"3; rm -rf /"},"id":"operation-17","pack":"fans","subject":{"cluster":"lab","host":"kvm1"},"#
                + #""time_limit_seconds":60,"tip":3,"title":"a fan stands still","version":1}"#)
    }

    @Test func nothingOfTheServerGoesAlong() async throws {
        unsafe setenv("EVENKEEL_TEST_SECRET", "hush", 1)
        let held = FileHandle(forReadingAtPath: "/proc/self/status")
        let (result, _) = try await folder.run(
            """
            env > env.txt; ls /proc/self/fd > fd.txt; pwd > pwd.txt; ps -o sid= -p $$ > sid.txt; echo $$ > pid.txt
            echo "$#" > count.txt; echo '{"result": "done"}'
            """)
        #expect(result == .done(""))
        let names = try #require(folder.read("env.txt")).split(separator: "\n").map { $0.prefix { $0 != "=" } }
        #expect(
            Set(names.map(String.init)).subtracting(["PWD", "OLDPWD", "_", "SHLVL"])
                == ["PATH", "LANG", "HOME", "EVENKEEL_PLUG_IN"])
        // ls itself has one more, to read the folder with.
        #expect(try #require(folder.read("fd.txt")).split(separator: "\n").map(String.init) == ["0", "1", "2", "3"])
        #expect(folder.read("pwd.txt") == folder.path + "\n")
        #expect(folder.read("count.txt") == "0\n")
        func number(_ name: String) -> String? { folder.read(name)?.trimmingCharacters(in: .whitespacesAndNewlines) }
        #expect(number("sid.txt") == number("pid.txt"))
        withExtendedLifetime(held) {}
    }

    @Test(arguments: [
        (#"echo '{"result": "failed", "message": "no spare"}'"#, "no spare"), ("true", "without saying how it went"),
        (#"echo '{"result": "done"}'; exit 3"#, "exit code 3"), ("echo no disk >&2; exit 1", "exit code 1: no disk"),
        (#"kill -9 $$"#, "killed by signal 9"), (#"echo '{"result": "maybe"}'"#, "'maybe'"),
    ])
    func aFailureSaysWhy(script: String, words: String) async throws {
        let said = reason(try await folder.run(script).result)
        #expect(said.contains(words), "\(said)")
    }

    @Test func theFirstResultCounts() async throws {
        let result = try await folder.run(#"echo '{"result": "failed", "message": "a"}'; echo '{"result": "done"}'"#)
            .result
        #expect(result == .failed("a"))
    }

    @Test func oneThatDoesNotReadItsRequestIsNoneTheWorse() async throws {
        let big = String(repeating: "x", count: 300_000)
        let result = try await folder.run(
            #"exec 0<&-; sleep 0.1; echo '{"result": "done"}'"#, arguments: ["big": big]
        ).result
        #expect(result == .done(""))
    }

    // MARK: Misbehaving

    private func impatient() -> ProgramPlugIn.Limits {
        var limits = ProgramPlugIn.Limits()
        limits.grace = .milliseconds(200)
        return limits
    }

    @Test func oneThatHangsIsAskedToEndAndThenKilled() async throws {
        let gentle = try await folder.run(
            "trap 'echo asked > asked.txt; exit 0' TERM; echo time is over; sleep 1000 & wait")
        #expect(reason(gentle.result).contains("longer than it may"))
        #expect(folder.read("asked.txt") == "asked\n")
        let deaf = try await folder.run(
            "trap '' TERM; echo $$ > pid.txt; echo time is over; while :; do sleep 1; done", limits: impatient())
        #expect(reason(deaf.result).contains("longer than it may"))
        #expect(try !folder.lives("pid.txt"))
    }

    @Test(arguments: [
        "yes", "cat /dev/zero", "yes >&2", #"echo '{"result": "done"}'; cat /dev/zero"#,
        "yes '{\"progress\": 0.5}'",
    ])
    func oneThatPrintsWithoutEndIsStopped(script: String) async throws {
        let said = reason(try await folder.run(script, limits: impatient()).result)
        #expect(said.contains("printed"), "\(said)")
    }

    @Test func whatItLeavesBehindEndsWithIt() async throws {
        let result = try await folder.run(
            """
            (sleep 1000 & echo $! > child.txt)
            setsid sh -c 'echo $$ > left.txt; exec sleep 1000' &
            setsid sh -c 'setsid sh -c "echo \\$\\$ > far.txt; trap : TERM; while :; do sleep 1; done" & exit 0' &
            while [ ! -s far.txt ] || [ ! -s left.txt ]; do sleep 0.01; done
            echo '{"result": "done"}'
            """
        ).result
        #expect(result == .done(""))
        for name in ["child.txt", "left.txt", "far.txt"] { #expect(try !folder.lives(name), "\(name)") }
    }

    @Test func oneThatTakesItsMarkOffIsFoundByItsParents() async throws {
        let result = try await folder.run(
            """
            env -i setsid /bin/sh -c 'echo $$ > bare.txt; exec /bin/sleep 1000' &
            while [ ! -s bare.txt ]; do sleep 0.01; done
            sleep 1
            echo '{"result": "done"}'
            """
        ).result
        #expect(result == .done(""))
        #expect(try !folder.lives("bare.txt"))
    }

    @Test func oneThatForksWithoutEndIsStopped() async throws {
        let said = reason(
            try await folder.run(
                "i=0; while [ $i -lt 300 ]; do sleep 1000 & i=$((i+1)); done; echo $! > last.txt; wait",
                limits: impatient()
            ).result)
        #expect(said.contains("processes came of it"), "\(said)")
    }

    @Test func beingCalledOffEndsIt() async throws {
        try folder.put("bin/act", "#!/bin/sh\necho $$ > pid.txt\necho '{\"progress\": 0}'\nsleep 1000\n")
        let began = AsyncStream.makeStream(of: Void.self)
        let runner = ProgramPlugIn(folder: folder.path, limits: impatient())
        let task = Task { await runner.run(PackFolder.request()) { _ in began.continuation.yield() } }
        for await _ in began.stream { break }
        task.cancel()
        #expect(reason(await task.value).contains("called off"))
        #expect(try !folder.lives("pid.txt"))
    }

    // MARK: Files

    private func objection(_ command: String) -> String {
        ProgramPlugIn(folder: folder.path).objection(to: command) ?? ""
    }

    @Test func onlyAFileOfThePackIsStarted() throws {
        try folder.put("bin/act", "#!/bin/sh\n")
        #expect(objection("bin/act") == "")
        for path in ["", "/bin/sh", "../x", "bin/../bin/act", "bin//act", "./bin/act", "bin/", "bin/none", "bin\0/act"]
        {
            #expect(objection(path) != "", "\(path)")
        }
        #expect(objection("bin").contains("no regular file"))
        let manager = FileManager.default
        try manager.createSymbolicLink(atPath: folder.path + "/out", withDestinationPath: "/bin")
        try manager.createSymbolicLink(atPath: folder.path + "/bin/shell", withDestinationPath: "/bin/sh")
        try manager.createSymbolicLink(atPath: folder.path + "/bin/up", withDestinationPath: "../../x/act")
        for path in ["out/sh", "bin/shell", "bin/up"] {
            #expect(objection(path).contains("leads out of the pack"), "\(objection(path))")
        }
    }

    @Test func aFileThatOthersMayChangeIsNotStarted() async throws {
        try folder.put("bin/plain", "#!/bin/sh\n", mode: 0o644)
        #expect(objection("bin/plain").contains("chmod +x"))
        for mode in [0o757, 0o775] {
            try folder.put("bin/open", "#!/bin/sh\n", mode: mode)
            #expect(objection("bin/open").contains("others may change it"))
        }
        try folder.put("bin/root", "#!/bin/sh\n", mode: 0o4755)
        #expect(objection("bin/root").contains("setuid"))
        try folder.put("bin/act", "#!/bin/sh\n")
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder.path + "/bin")
        #expect(objection("bin/act").contains("others may change it"))
        let result = await ProgramPlugIn(folder: folder.path).run(PackFolder.request()) { _ in }
        #expect(reason(result).contains("was not started: bin: others may change it"))
    }

    @Test func aFileThatIsNoProgramIsSaid() async throws {
        try folder.put("bin/act", "#!/no/such/interpreter\n")
        let result = await ProgramPlugIn(folder: folder.path).run(PackFolder.request()) { _ in }
        #expect(reason(result).contains("not started"), "\(result)")
    }
}
