import FleetModel
import Foundation
import Testing

@testable import Counters

@Suite("File systems")
struct FileSystemTests {
    private func sampler(_ tree: FrozenTree) throws -> HostSampler {
        try tree.put("cpu0 1 1 1 1 1 1 1 1 1 1\n", at: "stat")
        try tree.put("MemTotal: 1024 kB\n", at: "meminfo")
        var options = SamplerOptions(procFolder: tree.folder, sysFolder: tree.folder + "/sys")
        options.rootFolder = tree.folder + "/root"
        return HostSampler(options)
    }

    @Test func `size, room and whether it can be written to, of disks alone`() throws {
        let tree = try FrozenTree()
        try tree.put("", at: "root/data/file")
        try tree.put(
            "/dev/sda1 /data ext4 ro,relatime 0 0\nserver:/x /net nfs rw 0 0\n/dev/sdb1 /gone ext4 rw 0 0\n",
            at: "self/mounts")
        var sampler = try sampler(tree)
        let sample = sampler.sample([], ticks: 1000)
        #expect(sample.problems.isEmpty)
        let subject = SeriesKey.Subject.parts(["/data", "/dev/sda1", "ext4"])
        let values = Dictionary(sample.readings.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        let size = try #require(values[SeriesKey(.fileSystemSize, subject)])
        let available = try #require(values[SeriesKey(.fileSystemAvailable, subject)])
        #expect(size > 0 && available <= size)
        #expect(values[SeriesKey(.fileSystemReadOnly, subject)] == 1)
        #expect(sample.readings.filter { $0.key.counter == .fileSystemSize }.count == 1)
    }

    @Test func `one that does not answer holds nothing up, and is told until it does`() throws {
        let tree = try FrozenTree()
        try FileManager.default.createDirectory(atPath: tree.folder + "/self", withIntermediateDirectories: true)
        // Whoever opens it waits until somebody writes.
        let pipe = tree.folder + "/self/mounts"
        try #require(unsafe mkfifo(pipe, 0o600) == 0)
        var sampler = try sampler(tree)
        for ticks: Int64 in [1000, 1100, 20_000] {
            let sample = sampler.sample([], ticks: ticks)
            #expect(sample.problems.keys.map(\.rawValue) == ["filesystems"])
            #expect(sample.logicalProcessors == 1)
        }
        let writer = try #require(FileHandle(forWritingAtPath: pipe))
        try writer.close()
        // A pipe is no table of mounts: the answer that comes now is another complaint.
        let silence = CounterError.system(call: "statvfs", path: "a file system", errno: ETIMEDOUT)
        while sampler.sample([], ticks: 20_100).problems[.fileSystems] == silence {}
        #expect(sampler.sample([], ticks: 20_100).problems[.fileSystems] != nil)
    }
}
