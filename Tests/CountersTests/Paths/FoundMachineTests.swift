import FleetModel
import Testing

@testable import Counters

@Suite("Counter paths of VMs that nobody manages")
struct FoundMachineTests {
    @Test func `a VM that was found answers Hyper-V's paths by its name`() throws {
        let tree = try FrozenTree()
        func write(_ run: Int, dispatches: Int) throws {
            try tree.put("cpu0 \(run) 0 0 0 0 0 0 0 0 0\n", at: "stat")
            let arguments = ["qemu-system-x86_64", "-name", "guest=web,debug-threads=on", "-m", "64"]
            try tree.process(41, arguments: arguments, user: run, system: 0, threads: 1, pages: 1)
            try tree.thread(41, of: 41, name: "CPU 0/TCG", user: run, system: 0, on: 0)
            try tree.put("\(run * 10_000_000) \(run * 1_000_000) \(dispatches)\n", at: "41/task/41/schedstat")
        }
        var sampler = HostSampler(SamplerOptions(procFolder: tree.folder, sysFolder: tree.folder))
        try write(100, dispatches: 10)
        let first = CounterMoment(sampler.sample([], ticks: 9000), at: .zero)
        try write(150, dispatches: 15)
        let second = CounterMoment(sampler.sample([], ticks: 9100), at: .seconds(1))
        var interval = CounterInterval(from: first, to: second)
        let counters = ["% Guest Run Time", "% Hypervisor Run Time", "% Total Run Time", "CPU Wait Time Per Dispatch"]
        let columns = try counters.flatMap { counter in
            let path = #"\Hyper-V Hypervisor Virtual Processor(web:Hv VP 0)\"# + counter
            return try CounterRequest(parsing: path, hostName: "host").columns(at: first)
        }
        // 0.5 s of running in a second, all of it guest; 50 ms of waiting in 5 dispatches.
        #expect(columns.map { $0.value(in: &interval)?.rounded() } == [50, 0, 50, 10_000_000])
    }
}
