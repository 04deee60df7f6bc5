import FleetModel
import Testing

@testable import Counters

@Suite("VMs that nobody names")
struct MachineSightTests {
    private func put(_ tree: FrozenTree, _ process: Int, _ arguments: [String]) throws {
        try tree.process(process, arguments: arguments, user: 0, system: 0, threads: 1, pages: 1)
    }

    @Test func `a QEMU process is a VM by its command line`() throws {
        let tree = try FrozenTree()
        let id = "00000000-0000-4000-8000-00000000000A"
        try put(
            tree, 41,
            [
                "/usr/bin/qemu-system-x86_64", "-name", "guest=web server,debug-threads=on", "-uuid", id, "-accel",
                "kvm", "-smp", "2,sockets=2", "-m", "size=512M,slots=2",
            ])
        try put(tree, 42, ["qemu-system-x86_64", "-name", "plain", "-m", "64", "-smp", "cpus=4"])
        try put(tree, 43, ["qemu-system-x86_64"])
        try put(tree, 44, ["/usr/bin/less", "-name", "no"])
        var sight = MachineSight(procFolder: tree.folder)
        let machines = try sight.look()
        #expect(machines.map(\.definition.name.text) == ["web-server", "plain", "qemu-43"])
        #expect(machines.map(\.definition.id.text).first == id.lowercased())
        #expect(Set(machines.map(\.definition.id)).count == 3)
        #expect(machines.map(\.definition.virtualProcessors) == [2, 4, 1])
        #expect(machines.map(\.definition.memory) == [.mebibytes(512), .mebibytes(64), .mebibytes(128)])
        #expect(machines.map(\.accelerator) == [.kvm, .tcg, .tcg])
        #expect(machines.map(\.process) == [41, 42, 43])
        #expect(machines.allSatisfy { $0.readOnly != nil })
    }

    @Test func `VMs come and go, and a number may come to mean another`() throws {
        let tree = try FrozenTree()
        try put(tree, 41, ["qemu-system-x86_64", "-name", "a"])
        var sight = MachineSight(procFolder: tree.folder)
        #expect(try sight.look().count == 1)
        try put(tree, 42, ["qemu-system-x86_64", "-name", "b"])
        try put(tree, 41, ["qemu-system-x86_64", "-name", "c"])
        #expect(try sight.look().map(\.definition.name.text) == ["c", "b"])
        try tree.remove("41")
        #expect(try sight.look().map(\.definition.name.text) == ["b"])
        try put(tree, 42, ["sleep", "1"])
        #expect(try sight.look().isEmpty)
    }
}
