import FleetModel
import FoundationEssentials
import Glibc
import Testing

@testable import HostRuntime

/// Two hosts whose QEMUs live in network namespaces of their own, with a cable between them that can be cut.
@Suite(
    "A network that fails in the middle of a migration", .timeLimit(.minutes(4)),
    .enabled(if: geteuid() == 0, "network namespaces need root"))
struct NetworkCutTests {
    @Test func aCutBeforeTheGuestLeftEndsInTheTimeLimitAndTheGuestGoesOnWhereItWas() async throws {
        try await withCable { hosts, cable in
            let vm = try await busyPulse(on: hosts[0])
            let driver = MigrationDriver(
                vm, from: hosts[0], to: hosts[1], bandwidthLimit: .mebibytes(4), timeLimitSeconds: 4
            ) { _ in try await cable.cut() }
            guard case .failed(let reason, .source) = try await driver.run() else { throw Unexpected(await driver.log) }
            #expect(reason.contains("time limit"))
            #expect(try await hosts[0].state(vm.id) == .running)
            #expect(try await hosts[1].state(vm.id) == nil)
            #expect(await hosts[1].runtime.virtualMachines().isEmpty)
        }
    }

    @Test func aShortCutInPostCopyIsSurvived() async throws {
        try await withCable { hosts, cable in
            let vm = try await busyPulse(on: hosts[0])
            let driver = MigrationDriver(
                vm, from: hosts[0], to: hosts[1], bandwidthLimit: .mebibytes(8), method: MigrationMethod(postCopy: true)
            )
            let ending = Task { try await driver.run() }
            try await eventually { try await hosts[0].state(vm.id) == .trailing }
            try await cable.cut()
            // The stream stands still until it is declared broken.
            try await eventually { try await hosts[0].runtime.known(vm.id)?.migration().isCutOff == true }
            try await cable.mend()
            guard case .succeeded(let figures?) = try await ending.value else { throw Unexpected(await driver.log) }
            #expect(figures.wasPostCopied == true)
            #expect(try await hosts[1].state(vm.id) == .running)
            #expect(try await hosts[0].state(vm.id) == nil)
        }
    }

    private func withCable(_ body: @Sendable ([TestHost], Cable) async throws -> Void) async throws {
        let root = try temporaryFolder()
        let cable = Cable(root)
        do {
            try await cable.lay()
            try await Certificates.make(in: root, host: "b")
            try await withHosts(
                "a", "b",
                configure: { configuration in
                    let name = String(configuration.folder.suffix(1))
                    configuration.qemu = cable.emulator(name)
                    configuration.migrationAddress = cable.address(name)
                    configuration.migrationTLS = root
                }
            ) { try await body($0, cable) }
        } catch {
            await cable.remove()
            endProcesses(under: root)
            throw error
        }
        await cable.remove()
        endProcesses(under: root)
    }
}

/// Two namespaces, a pair of virtual interfaces, and for each a program that runs QEMU in it.
private final class Cable: Sendable {
    private let root: String
    private let tag: String

    init(_ root: String) {
        self.root = root
        tag = String(root.suffix(6))
    }

    func emulator(_ host: String) -> String { "\(root)/qemu-\(host)" }
    func address(_ host: String) -> String { host == "a" ? "10.203.0.1" : "10.203.0.2" }
    private func space(_ host: String) -> String { "ek-\(tag)-\(host)" }

    func lay() async throws {
        for host in ["a", "b"] { try await ip(["netns", "add", space(host)]) }
        try await ip(
            ["link", "add", "ek0", "netns", space("a"), "type", "veth", "peer", "name", "ek0", "netns", space("b")])
        for host in ["a", "b"] {
            try await ip(["-n", space(host), "addr", "add", "\(address(host))/24", "dev", "ek0"])
            try await ip(["-n", space(host), "link", "set", "ek0", "up"])
            try await ip(["-n", space(host), "link", "set", "lo", "up"])
            let script = "#!/bin/sh\nexec ip netns exec \(space(host)) /usr/bin/qemu-system-x86_64 \"$@\"\n"
            try SmallFile.replace(emulator(host), with: Array(script.utf8))
            guard unsafe chmod(emulator(host), 0o700) == 0 else { throw Unexpected(lastSystemError()) }
        }
    }

    func cut() async throws { try await ip(["-n", space("a"), "link", "set", "ek0", "down"]) }
    func mend() async throws { try await ip(["-n", space("a"), "link", "set", "ek0", "up"]) }

    func remove() async {
        for host in ["a", "b"] { _ = try? await ip(["netns", "del", space(host)]) }
    }

    private func ip(_ arguments: [String]) async throws {
        let output = try MachineFolder.log(at: "\(root)/ip.log")
        let identifier = try Spawn(program: "/usr/sbin/ip", arguments: arguments, output: output).start()
        let process = try #require(try ProcessHandle(identifier))
        guard await process.ended(within: .seconds(10)), process.howItEnded() == ExitStatus.text(0) else {
            let said = String(decoding: SmallFile.read("\(root)/ip.log") ?? [], as: UTF8.self)
            throw Unexpected("ip \(arguments.joined(separator: " ")): \(said)")
        }
    }
}
