import FleetModel
import Glibc
import Testing

@testable import HostRuntime

@Suite("A destination", .timeLimit(.minutes(1))) struct IncomingTests {
    @Test func waitsOnceAndIsAbandonedWithoutATrace() async throws {
        try await withHosts("b") { hosts in
            let vm = try pulse(near: hosts[0].folder)
            let first = await hosts[0].answer(.prepareIncoming(incoming(vm)))
            guard case .listening(let address) = first else { throw Unexpected(first) }
            #expect(address.hasPrefix("tcp:127.0.0.1:"))
            #expect(await hosts[0].answer(.prepareIncoming(incoming(vm))) == first)
            #expect(try await hosts[0].state(vm.id) == .incoming)
            let process = try await hosts[0].process(vm.id)
            #expect(await hosts[0].answer(.stop(vm.id, force: true)).isRefused)
            #expect(await hosts[0].answer(.abandonIncoming(vm.id)) == .done)
            #expect(await hosts[0].answer(.abandonIncoming(vm.id)) == .done)
            #expect(!process.isAlive)
            #expect(try await hosts[0].state(vm.id) == nil)
        }
    }

    @Test func givesUpByItselfWhenItsGuestDoesNotCome() async throws {
        try await withHosts("b") { hosts in
            let vm = try pulse(near: hosts[0].folder)
            let answer = await hosts[0].answer(.prepareIncoming(incoming(vm, timeLimitSeconds: 1)))
            guard case .listening = answer else { throw Unexpected(answer) }
            let process = try await hosts[0].process(vm.id)
            #expect(await process.ended(within: .seconds(20)))
            try await eventually { await hosts[0].runtime.virtualMachines().isEmpty }
        }
    }

    @Test func givesUpAfterItsAgentHasBeenAway() async throws {
        try await withHosts("b") { hosts in
            let vm = try pulse(near: hosts[0].folder)
            _ = await hosts[0].answer(.prepareIncoming(incoming(vm, timeLimitSeconds: 0)))
            await hosts[0].runtime.close()
            let next = TestHost(
                name: hosts[0].name, folder: hosts[0].folder,
                runtime: try QEMURuntime(RuntimeConfiguration(folder: hosts[0].folder), log: quiet))
            try await looked(after: [next]) {
                try await eventually { await next.runtime.virtualMachines().isEmpty }
            }
        }
    }

    @Test func doesNotGiveUpAGuestThatHasArrived() async throws {
        try await withHosts("a", "b") { hosts in
            let vm = try pulse(near: hosts[0].folder)
            #expect(await hosts[0].answer(.start(vm)).isDone)
            #expect(try await MigrationDriver(vm, from: hosts[0], to: hosts[1]).run().location == .destination)
            #expect(await hosts[1].answer(.abandonIncoming(vm.id)).isRefused)
            #expect(await hosts[1].answer(.prepareIncoming(incoming(vm))).isRefused)
            #expect(try await hosts[1].state(vm.id) == .running)
            // Once here, its end is a crash and not a guest that never came.
            try await hosts[1].process(vm.id).signal(SIGKILL)
            try await eventually { try await hosts[1].state(vm.id) == .crashed }
            #expect(await hosts[1].answer(.abandonIncoming(vm.id)).isRefused)
        }
    }

    @Test func takesTheNextPortWhenOneIsInUseAndSaysSoWhenAllAre() async throws {
        let taken = try TakenPorts()
        try await withHosts("b", configure: { $0.migrationPorts = taken.port...taken.port }) { hosts in
            let vm = try pulse(near: hosts[0].folder)
            let answer = await hosts[0].answer(.prepareIncoming(incoming(vm)))
            guard case .refused(let reason) = answer else { throw Unexpected(answer) }
            #expect(reason.contains("none of them is free") && reason.contains("\(taken.port)"))
            #expect(await hosts[0].runtime.virtualMachines().isEmpty)
        }
        try await withHosts("b", configure: { $0.migrationPorts = taken.port...taken.port + 20 }) { hosts in
            let vm = try pulse(near: hosts[0].folder)
            guard case .listening(let address) = await hosts[0].answer(.prepareIncoming(incoming(vm))) else {
                throw Unexpected("not listening")
            }
            #expect(try MigrationAddress(address).port > taken.port)
        }
    }

    @Test func beyondLoopbackAsksForTLS() async throws {
        try await withHosts("b", configure: { $0.migrationAddress = "10.1.2.3" }) { hosts in
            let vm = try pulse(near: hosts[0].folder)
            let answer = await hosts[0].answer(.prepareIncoming(incoming(vm)))
            guard case .refused(let reason) = answer else { throw Unexpected(answer) }
            #expect(reason.contains("TLS"))
            #expect(await hosts[0].answer(.start(vm)).isDone)
            let sent = await hosts[0].answer(
                .send(.init(virtualMachine: vm.id, destination: "tcp:10.1.2.4:4444", timeLimitSeconds: 1)))
            #expect(sent.isRefused)
        }
    }

    @Test(arguments: ["exec:cat", "unix:/tmp/x", "tcp:host", "tcp::1", "tcp:a b:1", "tcp:127.0.0.1:70000", "tcp:-x:1"])
    func onlyAddressesOfTheRightFormAreSentTo(_ address: String) async throws {
        #expect(throws: HostRuntimeError.self) { try MigrationAddress(address) }
    }

    @Test func addressesAreReadAndWrittenAlike() throws {
        for text in ["tcp:127.0.0.1:4444", "tcp:[::1]:1", "tcp:node-1.example.org:65535"] {
            #expect(try MigrationAddress(text).text == text)
        }
        #expect(try MigrationAddress("tcp:[::1]:1").isLoopback)
        #expect(try MigrationAddress("tcp:127.evil.example.org:1").isLoopback == false)
    }

    @Test(arguments: ["127.0.0.1", "10.0.0.2", "::1", "[::1]", "fd00::2", "[fd00::2]", "node-1", "node-1.example.org"])
    func anAddressOrAHostNameIsTaken(_ host: String) {
        #expect(MigrationAddress.objection(to: host) == nil)
    }

    @Test(arguments: [
        "", "a b", "a,b", "-a", "a-", "a..b", "a.", "a/b", "[node]", "[127.0.0.1]", "300.0.0.1", "127.1", "::1::",
        "fe80::1%eth0", "127.0.0.1\0x", "node_1", "tcp:node",
    ])
    func whatIsNeitherAddressNorHostNameIsNamed(_ host: String) {
        #expect(MigrationAddress.objection(to: host)?.contains("'\(host)'") == true)
    }

    @Test func onlyNumbersOfThisMachineAreLoopback() {
        for host in ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost"] {
            #expect(MigrationAddress.isLoopback(host))
        }
        for host in ["127.evil.example.org", "127.0.0.evil", "127.0.0.1\0.evil", "10.0.0.1", "::2", "localhost.evil"] {
            #expect(!MigrationAddress.isLoopback(host))
        }
    }
}

/// A port that somebody else listens on.
private struct TakenPorts {
    let port: UInt16
    private let socket: FileDescriptor

    init() throws {
        let number = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        socket = FileDescriptor(number)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bare in
                unsafe bind(number, bare, length) == 0 && listen(number, 1) == 0
                    && getsockname(number, bare, &length) == 0
            }
        }
        guard isBound else { throw Unexpected(lastSystemError()) }
        port = UInt16(bigEndian: address.sin_port)
    }
}
