import FleetModel
import FoundationEssentials
import Glibc
import Testing

@testable import HostRuntime

@Suite("A VM's network", .timeLimit(.minutes(2))) struct NetworkTests {
    private func interface(
        _ connection: VirtualMachineDefinition.NetworkInterface.Connection, _ address: String = "52:54:00:12:34:56",
        _ model: VirtualMachineDefinition.NetworkInterface.Model = .virtio
    ) -> VirtualMachineDefinition.NetworkInterface {
        .init(connection: connection, model: model, hardwareAddress: address)
    }

    @Test(.enabled("a bridge can be made") { await TestBridge.canBeMade })
    func isAPortOfItsBridgeForAsLongAsItRuns() async throws {
        let bridge = try await TestBridge()
        try await bridge.during {
            try await withHosts("a", "b") { hosts in
                var vm = try pulse(near: hosts[0].folder)
                vm.networkInterfaces = [
                    interface(.user, "52:54:00:12:34:55", .e1000), interface(.bridge(bridge.name)),
                ]
                #expect(await hosts[0].answer(.start(vm)).isDone)
                let tap = try #require(bridge.ports.first)
                let statistics = try #require(await hosts[0].runtime.statistics().first).interfaces
                #expect(statistics.map(\.name) == ["nic0", tap] && statistics.map(\.model) == ["e1000", "virtio"])
                #expect(statistics[1].bridge == bridge.name && statistics[1].sent != nil)
                // It moves, and is on the same bridge there; here its port goes with the process.
                let here = try #require(await hosts[0].runtime.virtualMachines().first).definition
                let outcome = try await MigrationDriver(here, from: hosts[0], to: hosts[1]).run()
                guard case .succeeded = outcome else { throw Unexpected(outcome) }
                try await eventually { bridge.ports.count == 1 }
                #expect(bridge.ports != [tap])
                #expect(await hosts[1].answer(.stop(vm.id, force: true)).isDone)
                try await eventually { bridge.ports.isEmpty }
            }
        }
    }

    @Test func isRefusedByWhatIsWrongWithIt() async throws {
        try await withHosts("a") { hosts in
            let wrong: [([VirtualMachineDefinition.NetworkInterface], String)] = [
                ([interface(.bridge("no-such-br"))], "no bridge 'no-such-br'"),
                ([interface(.bridge("lo"))], "no bridge 'lo'"), ([interface(.bridge("../../x"))], "no bridge"),
                ([interface(.user, "52:54:00:12:34")], "not six bytes"),
                ([interface(.user, "01:00:5e:00:00:01")], "first byte must be even"),
                ([interface(.user, "00:00:00:00:00:00")], "is no address"),
                ([interface(.user), interface(.user, "52:54:00:12:34:56")], "another interface's"),
                ([interface(.user, "52:54:00:12:34:56,id=x")], "not six bytes"),
            ]
            for (interfaces, reason) in wrong {
                var vm = try pulse(near: hosts[0].folder)
                vm.networkInterfaces = interfaces
                guard case .refused(let said) = await hosts[0].answer(.start(vm)) else { throw Unexpected(reason) }
                #expect(said.contains("networkInterfaces") && said.contains(reason))
            }
        }
    }

    @Test func thatAlsoCarriesTheHostsOwnTrafficIsAdvisedAgainst() throws {
        var vm = try Fixture.definition(memory: .mebibytes(1024))
        vm.networkInterfaces = [interface(.bridge("br0"), "52:54:00:12:34:57", .e1000), interface(.bridge("br1"))]
        vm.disks = [
            .init(path: "/srv/a.qcow2", format: .qcow2, bus: .ide), .init(path: "/srv/b", format: .raw, cache: .none),
            .init(path: "/srv/c", format: .raw, cache: .writethrough, isReadOnly: true),
        ]
        let networks = HostNetworks(
            [.management: ["eth0"], .migration: ["br0"], .storage: ["eth2"]],
            ports: ["br0": ["eth0", "ekvm0"], "br1": ["eth1"]])
        var host = BestPractice.Host(memory: .gibibytes(4), given: .mebibytes(2027), networks: networks)
        let advice = BestPractice.advice(on: vm, host, isGrowing: [true, false, nil])
        #expect(
            advice.map { String($0.prefix { $0 != ":" }) } == [
                "disks[0].bus", "disks[0].cache", "disks[0].path", "networkInterfaces[0].model",
                "networkInterfaces[0].bridge",
            ])
        #expect(advice[4].contains("management and migration"))
        // 2027 + 1024 + 21 + 1024 MiB are the host's 4096; one more is too many.
        host.given = .mebibytes(2028)
        #expect(
            BestPractice.advice(on: vm, host, isGrowing: []).first?.contains("1024 MiB of this host's 4096 MiB") == true
        )
    }

    @Test func routesAreReadAsTheKernelWritesThem() {
        let table = RouteTable(
            """
            Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
            eth1\t00000000\t0102000A\t0003\t0\t0\t200\t00000000\t0\t0\t0
            br0\t00000000\t0102000A\t0003\t0\t0\t100\t00000000\t0\t0\t0
            eth0\t0002000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
            eth2\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0
            eth3\t0003000A\t00000000\t0000\t0\t0\t0\t00FFFFFF\t0\t0\t0
            nonsense
            """)
        #expect(table.standardInterface == "br0")
        #expect(table.interface(to: "10.0.2.7") == "eth0" && table.interface(to: "10.9.9.9") == "eth2")
        #expect(table.interface(to: "192.168.1.1") == nil && table.interface(to: "host") == nil)
        #expect(RouteTable("").standardInterface == nil)
        let mounts = "srv:/x /mnt nfs4 rw,addr=10.0.2.9,vers=4.2 0 0\n/dev/sda / ext4 rw 0 0\nbad\n"
        #expect(HostNetworks.servers(ofMounts: mounts) == ["10.0.2.9"])
    }
}

/// A bridge of a test's own.
private struct TestBridge: Sendable {
    let name: String

    static var canBeMade: Bool {
        get async {
            guard unsafe access("/dev/net/tun", R_OK | W_OK) == 0, let bridge = try? await TestBridge() else {
                return false
            }
            try? await bridge.remove()
            return true
        }
    }

    init() async throws {
        name = "ekb\(UInt32.random(in: 0...99_999_999))"
        try await Self.ip(["link", "add", name, "type", "bridge"])
    }

    func during(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch {
            try await remove()
            throw error
        }
        try await remove()
    }

    var ports: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/sys/class/net/\(name)/brif")) ?? []).sorted()
    }

    func remove() async throws { try await Self.ip(["link", "del", name]) }

    private static func ip(_ arguments: [String]) async throws {
        let program = ["/usr/sbin/ip", "/sbin/ip", "/bin/ip"].first { (path: String) in unsafe access(path, X_OK) == 0 }
        let identifier = try Spawn(
            program: program ?? "/usr/sbin/ip", arguments: arguments, output: try FileDescriptor.discarding()
        ).start()
        guard let process = try ProcessHandle(identifier) else { throw Unexpected("ip is gone") }
        guard await process.ended(within: .seconds(10)), process.howItEnded() == ExitStatus.text(0) else {
            throw Unexpected("ip \(arguments)")
        }
    }
}
