import Console
import Delivery
import FleetModel
import Foundation
import Glibc
import HTTPClient
import Logging
import Testing

@testable import HostAgent

/// A console on a real socket, and a server that is played by hand.
@Suite struct ConsoleRelayTests {
    /// What runs the VM: it has a console at that path.
    private struct Keeper: VirtualMachineProvider {
        let path: String
        func virtualMachines() async throws -> [VirtualMachineStatus] { [] }
        func console(of id: VirtualMachineID) async throws -> ConsolePlace { .socket(path: path) }
        func perform(
            _ task: HostTask, progress: @escaping @Sendable (MigrationProgress) -> Void
        ) async -> HostTaskAnswer { .refused("no") }
    }

    /// The server's end of a session: takes output while it is let, and gives input once.
    private final class Far: Sendable {
        struct Memory {
            var printed: [UInt8] = []
            var typed: [UInt8] = []
            var isTaking = true
            var isOver = false
            var endings: [String] = []
            var lost = 0
        }

        private let memory = Locked(Memory())
        var seen: Memory { memory.withLock { $0 } }
        func change(_ body: (inout Memory) -> Void) { memory.withLock { body(&$0) } }

        func send(_ request: HTTPRequest) async throws(HTTPClientError) -> HTTPResponse {
            let parts = URLComponents(string: request.url)
            let query = Dictionary(
                (parts?.queryItems ?? []).map { ($0.name, $0.value ?? "") }, uniquingKeysWith: { first, _ in first })
            switch parts?.path.split(separator: "/").last {
            case "output": return try await take(request, at: Int(query["at"] ?? "") ?? -1)
            case "input": return try await give(request, after: Int(query["after"] ?? "") ?? -1)
            default:
                change { $0.endings.append(String(decoding: request.body, as: UTF8.self)) }
                return HTTPResponse(url: request.url, status: 204)
            }
        }

        private func take(_ request: HTTPRequest, at place: Int) async throws(HTTPClientError) -> HTTPResponse {
            while !seen.isTaking { try await pause(request) }
            if seen.isOver { return HTTPResponse(url: request.url, status: 410) }
            let (end, isLost) = memory.withLock { memory -> (Int, Bool) in
                memory.printed += request.body.dropFirst(memory.printed.count - place)
                memory.lost -= 1
                return (memory.printed.count, memory.lost >= 0)
            }
            // Taken, and the answer lost on its way.
            if isLost { throw .transport(url: request.url, code: 56, reason: "reset") }
            return HTTPResponse(url: request.url, status: 200, body: Array(#"{"end":\#(end)}"#.utf8))
        }

        private func give(_ request: HTTPRequest, after place: Int) async throws(HTTPClientError) -> HTTPResponse {
            while true {
                let now = seen
                if now.isOver { return HTTPResponse(url: request.url, status: 410) }
                if now.typed.count > place {
                    return HTTPResponse(url: request.url, status: 200, body: Array(now.typed[place...]))
                }
                try await pause(request)
            }
        }

        private func pause(_ request: HTTPRequest) async throws(HTTPClientError) {
            do { try await Task.sleep(for: .milliseconds(2)) } catch { throw .cancelled(url: request.url) }
        }
    }

    private let folder = TemporaryFolder()
    private let far = Far()
    private let machine: VirtualMachineID

    init() throws { machine = try #require(VirtualMachineID("00000000-0000-4000-8000-000000000001")) }

    /// A desk with the far end played, and the guest's end of a console that was opened there.
    private func withConsole(_ body: (Int32) async throws -> Void) async throws {
        let path = folder.path + "/c.sock"
        let listener = try Self.listen(at: path)
        defer { close(listener) }
        let far = far
        let configuration = AgentConfiguration(
            host: try #require(HostName("kvm1")), cluster: try #require(ClusterName("c")))
        let desk = ConsoleDesk(
            link: try ServerLink(configuration) { request async throws(HTTPClientError) in
                try await far.send(request)
            }, provider: Keeper(path: path),
            patience: Patience(clock: WallClock(), backoff: Backoff(), generator: SeededGenerator(seed: 1)),
            logger: Logger(label: "test"))
        let serving = Task { await desk.run() }
        #expect(await desk.connect(machine, to: "s") == .done)
        #expect(await desk.connect(machine, to: "s") == .done, "told twice")
        let guest = accept(listener, nil, nil)
        try await body(guest)
        close(guest)
        serving.cancel()
        await serving.value
    }

    private static func listen(at path: String) throws -> Int32 {
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: Array(path.utf8)) }
        let status = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(status == 0 && Glibc.listen(listener, 4) == 0)
        return listener
    }

    private func until(_ holds: () -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while !holds() {
            try #require(ContinuousClock.now < deadline, "it never happened: \(far.seen.endings)")
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// Waits on a thread of its own: two tests that waited on the runtime's would keep both of a small machine, and what
    /// they wait for with them.
    private func say(_ text: String, _ guest: Int32) async {
        let bytes = Array(text.utf8)
        #expect(await BlockingThread.result(of: { unsafe write(guest, bytes, bytes.count) }) == bytes.count)
    }

    /// What is typed next, up to 100 bytes; empty at the end.
    private func heard(_ guest: Int32) async -> [UInt8]? {
        await BlockingThread.result {
            var room = [UInt8](repeating: 0, count: 100)
            let count = unsafe read(guest, &room, room.count)
            return Array(room.prefix(max(0, count)))
        }
    }

    @Test func `what is printed and typed goes through, once, also when answers are lost`() async throws {
        far.change { $0.lost = 2 }
        try await withConsole { guest in
            await say("login: ", guest)
            try await until { String(decoding: far.seen.printed, as: UTF8.self) == "login: " }
            far.change { $0.typed = Array("root\r".utf8) }
            #expect(await heard(guest) == Array("root\r".utf8))
            await say("# ", guest)
            try await until { String(decoding: far.seen.printed, as: UTF8.self) == "login: # " }
        }
    }

    @Test func `a guest that prints without an end is read all the same, and of it no more than a window is kept`()
        async throws
    {
        try await withConsole { guest in
            await say("begin", guest)
            try await until { far.seen.printed.count == 5 }
            far.change { $0.isTaking = false }
            let line = String(repeating: "x", count: 1 << 16)
            // A guest's end that nobody reads would block here.
            for _ in 0..<64 { await say(line, guest) }
            await say("end", guest)
            far.change { $0.isTaking = true }
            try await until { far.seen.printed.suffix(3) == Array("end".utf8)[...] }
            let printed = far.seen.printed
            #expect(printed.count < 1 << 19)
            #expect(String(decoding: printed, as: UTF8.self).contains("bytes of the console were left out]"))
        }
    }

    @Test func `the end of the guest's side is told behind its last words`() async throws {
        try await withConsole { guest in
            await say("bye", guest)
            shutdown(guest, Int32(SHUT_RDWR))
            try await until { far.seen.endings == ["the VM's side of the console ended"] }
            #expect(String(decoding: far.seen.printed, as: UTF8.self) == "bye")
        }
    }

    @Test func `a session that is over lets go of the console`() async throws {
        try await withConsole { guest in
            far.change { $0.isOver = true }
            #expect(await heard(guest) == [])
        }
    }

    @Test func `a console that cannot be had is refused with the reason`() async throws {
        let link = try ServerLink(
            AgentConfiguration(host: try #require(HostName("kvm1")), cluster: try #require(ClusterName("c")))
        ) { request throws(HTTPClientError) in throw .closed(url: request.url) }
        let desk = ConsoleDesk(
            link: link, provider: Keeper(path: "/nowhere/c.sock"),
            patience: Patience(clock: WallClock(), backoff: Backoff(), generator: SeededGenerator(seed: 1)),
            logger: Logger(label: "test"))
        guard case .refused(let reason) = await desk.connect(machine, to: "s") else {
            Issue.record("connected")
            return
        }
        #expect(reason.contains("/nowhere/c.sock"))
    }
}
