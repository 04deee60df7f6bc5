import Foundation

/// The files of a host with 256 logical processors and 200 VMs, as its kernel would have them, in a temporary folder.
final class LargeHostTree {
    private static let logicalProcessors = 256
    private static let machines = 200
    private static let threads = 5

    let folder: String

    init() throws {
        // In memory where that can be had, as the kernel's files are.
        let root = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
        folder = "\(root)/evenkeel-host-\(UUID().uuidString)"
        try writeHost()
        for machine in 0..<Self.machines { try write(machine: 10_000 + machine * 100, number: machine) }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func put(_ text: String, _ path: String) throws {
        let whole = URL(fileURLWithPath: "\(folder)/\(path)")
        try FileManager.default.createDirectory(
            at: whole.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: whole)
    }

    private func writeHost() throws {
        let lines = (0..<Self.logicalProcessors).map { number in
            "cpu\(number) 2345678\(number) 1234 987654 87654321 4321 0 12345 678 1234567 0"
        }
        let interrupts = (0..<400).map { "\(12_345 + $0)" }.joined(separator: " ")
        try put(
            "cpu  1 2 3 4 5 6 7 8 9 0\n" + lines.joined(separator: "\n")
                + "\nintr 123456789 \(interrupts)\nctxt 123456789\nbtime 1700000000\nprocesses 123456\n",
            "proc/stat")
        for (source, path) in [
            ("/proc/meminfo", "proc/meminfo"), ("/proc/vmstat", "proc/vmstat"), ("/proc/uptime", "proc/uptime"),
            ("/proc/diskstats", "proc/diskstats"), ("/proc/net/dev", "proc/net/dev"),
            ("/proc/loadavg", "proc/loadavg"), ("/proc/cpuinfo", "proc/cpuinfo"),
        ] {
            guard let text = try? String(contentsOfFile: source, encoding: .utf8) else { continue }
            try put(text, path)
        }
        for resource in ["cpu", "memory", "io"] {
            try put(
                "some avg10=0.00 avg60=0.00 avg300=0.00 total=123456\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
                "proc/pressure/\(resource)")
        }
        try FileManager.default.createDirectory(atPath: "\(folder)/sys/block", withIntermediateDirectories: true)
    }

    private func write(machine process: Int, number: Int) throws {
        let arguments = [
            "/usr/bin/qemu-system-x86_64", "-name", "guest=vm\(number),debug-threads=on", "-accel", "kvm", "-smp", "2",
            "-m", "4096",
        ]
        try put(arguments.map { $0 + "\0" }.joined(), "proc/\(process)/cmdline")
        try put(stat(process, "qemu-system-x86", threads: Self.threads, number), "proc/\(process)/stat")
        try put("400000 123456 3000 100 0 90000 0\n", "proc/\(process)/statm")
        for thread in 0..<Self.threads {
            let name = thread == 1 ? "CPU 0/KVM" : thread == 2 ? "CPU 1/KVM" : "qemu-system-x86"
            let folder = "proc/\(process)/task/\(process + thread)"
            try put(stat(process + thread, name, threads: Self.threads, number), "\(folder)/stat")
            try put("123456789012 2345678901 345678\n", "\(folder)/schedstat")
            try put("Name:\t\(name)\nCpus_allowed_list:\t0-255\n", "\(folder)/status")
        }
    }

    private func stat(_ id: Int, _ name: String, threads: Int, _ number: Int) -> String {
        "\(id) (\(name)) S 1 \(id) \(id) 0 -1 138412096 9124 0 0 0 12345 2345 0 0 20 0 \(threads) 0 5000 1638400000 "
            + "17000 18446744073709551615 94303511113728 94303517113728 140734894059232 0 0 0 268444224 4096 16384 0 0 "
            + "0 17 \(number % Self.logicalProcessors) 0 0 0 9876 0 94303511149616 94303511151232 94303684345856 "
            + "140734894062286 140734894062306 140734894062306 140734894063595 0\n"
    }
}
