import Testing

@testable import Counters

@Suite("Files of a process and mounts, read from bytes")
struct ProcessAndMountTests {
    @Test func `a process's reads and writes`() throws {
        let traffic = try ProcessTraffic(parsing: KernelFile.processTraffic.bytes.span, path: "/proc/7/io")
        #expect([traffic.bytesAskedToRead, traffic.bytesAskedToWrite] == [6976, 1])
        #expect([traffic.readCalls, traffic.writeCalls] == [10, 2])
        #expect([traffic.bytesRead, traffic.bytesWritten, traffic.bytesCancelled] == [4096, 8192, 3])
        let problem = #expect(throws: CounterError.self) {
            try ProcessTraffic(parsing: "".bytes.span, path: "/proc/7/io")
        }
        #expect(problem?.description == "/proc/7/io:1: expected lines such as 'read_bytes: 0'")
    }

    @Test func `a process's memory is in bytes`() throws {
        let status = try ProcessStatus(parsing: KernelFile.processStatus.bytes.span, path: "/proc/7/status")
        #expect([status.resident, status.swap] == [1_728_512, 4096])
        #expect([status.residentAnonymous, status.residentFile, status.residentShared] == [114_688, 1_613_824, 8192])
        #expect(status.hugePages == 2_097_152)
        #expect([status.threads, status.voluntarySwitches, status.involuntarySwitches] == [7, 12, 13])
    }

    @Test func `a process of the kernel has no memory, and that is not zero`() throws {
        let text = "Name:\tkthreadd\nState:\tS (sleeping)\nThreads:\t1\nvoluntary_ctxt_switches:\t3\n"
        let status = try ProcessStatus(parsing: text.bytes.span, path: "/proc/2/status")
        #expect(status.resident == nil)
        #expect(status.voluntarySwitches == 3)
        #expect(throws: CounterError.self) { try ProcessStatus(parsing: "Name:\tx\n".bytes.span, path: "status") }
    }

    @Test func `mounts are read with their escapes undone`() throws {
        let mounts = try MountTable(parsing: KernelFile.mounts.bytes.span).mounts
        #expect(mounts.count == 12)
        #expect(
            mounts[3]
                == .init(
                    device: "/dev/sdb1", mountPoint: "/var/lib/libvirt/my images\\\t", type: "xfs", isReadOnly: true))
        #expect(mounts[2].isReadOnly == false)
    }

    @Test func `a backslash that escapes nothing stays`() throws {
        let text = #"/dev/sda1 /a\9b\77 ext4 rw 0 0"# + "\n" + #"/dev/sda2 /\303\244\777 ext4 ro 0 0"#
        let mounts = try MountTable(parsing: text.bytes.span).mounts
        #expect(mounts.map(\.mountPoint) == [#"/a\9b\77"#, #"/ä\777"#])
        #expect(mounts.map(\.isReadOnly) == [false, true])
    }

    @Test func `file systems on disks are told from all others, each once`() throws {
        let disks = try MountTable(parsing: KernelFile.mounts.bytes.span).diskFileSystems
        #expect(disks.map(\.device) == ["/dev/mapper/vg-root", "/dev/sdb1", "tank/vms", "/dev/sdc1"])
    }

    @Test(arguments: ["", "proc /proc proc\n"])
    func `mounts that are cut short are refused`(_ text: String) {
        let problem = #expect(throws: CounterError.self) { try MountTable(parsing: text.bytes.span) }
        #expect(problem?.description.hasPrefix("/proc/mounts:1: expected ") == true)
    }
}
