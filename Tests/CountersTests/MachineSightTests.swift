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

    @Test func `a VM that was found answers Hyper-V's paths by its name`() throws {
        let tree = try FrozenTree()
        func write(_ run: Int, dispatches: Int) throws {
            try tree.put("cpu0 \(run) 0 0 0 0 0 0 0 0 0\n", at: "stat")
            try put(tree, 41, ["qemu-system-x86_64", "-name", "web"])
            try tree.thread(41, of: 41, name: "CPU 0/TCG", user: run, system: 0, on: 0)
            try tree.put("\(run * 10_000_000) \(run * 1_000_000) \(dispatches)\n", at: "41/task/41/schedstat")
        }
        var sight = MachineSight(procFolder: tree.folder)
        var sampler = HostSampler(SamplerOptions(procFolder: tree.folder))
        func moment(_ seconds: Int) throws -> CounterMoment {
            let machines = try sight.look()
            let names = Dictionary(uniqueKeysWithValues: machines.map { ($0.definition.id, $0.definition.name.text) })
            let sample = sampler.sample(machines, ticks: 9000 + Int64(seconds) * 100)
            return CounterMoment(sample, at: .seconds(seconds), names: names)
        }
        try write(100, dispatches: 10)
        let first = try moment(0)
        try write(150, dispatches: 15)
        let second = try moment(1)
        var interval = CounterInterval(from: first, to: second)
        let path = #"\Hyper-V Hypervisor Virtual Processor(web:Hv VP 0)\*"#
        let columns = try CounterRequest(parsing: path, hostName: "host").columns(at: first)
        // 0.5 s of running in a second, all of it guest; 50 ms of waiting in 5 dispatches.
        #expect(columns.map { $0.value(in: &interval)?.rounded() } == [50, 0, 50, 10_000_000])
    }
}
