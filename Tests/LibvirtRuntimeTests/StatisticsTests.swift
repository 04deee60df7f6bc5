import FleetModel
import Testing

@testable import LibvirtRuntime

@Suite("What libvirt's statistics say") struct StatisticsTests {
    private func statistics(
        _ parameters: [Parameter], _ description: DomainDescription? = nil
    ) throws -> VirtualMachineStatistics {
        let id = try #require(VirtualMachineID("4dea22b3-1d52-d8f3-2516-782e98ab3fa0"))
        return DomainStatistics(parameters).statistics(of: id, description: description)
    }

    private func counts(_ values: [String: UInt64]) -> [Parameter] { values.map { Parameter($0, .unsigned($1)) } }

    @Test func memoryIsToldInBytesByTheGuestsOwnWords() throws {
        let all = try statistics(
            counts([
                "balloon.current": 2048, "balloon.maximum": 4096, "balloon.available": 2000, "balloon.usable": 1500,
                "balloon.unused": 1000, "balloon.swap_in": 1, "balloon.swap_out": 2, "balloon.major_fault": 3,
                "balloon.minor_fault": 9, "balloon.rss": 5000, "balloon.last-update": 1_700_000_000,
            ]))
        #expect(all.balloon == .mebibytes(2))
        var view = VirtualMachineStatistics.GuestView()
        (view.total, view.available, view.free) = (Bytes(2_048_000), Bytes(1_536_000), Bytes(1_024_000))
        (view.swappedIn, view.swappedOut, view.majorFaults) = (Bytes(1024), Bytes(2048), 3)
        view.updated = Timestamp(milliseconds: 1_700_000_000_000)
        #expect(all.guestMemory == view)
    }

    @Test func aGuestThatNeverSpokeSaidNothing() throws {
        #expect(try statistics(counts(["balloon.available": 1, "balloon.last-update": 0])).guestMemory == nil)
        #expect(try statistics(counts(["balloon.available": 1])).guestMemory == nil)
    }

    @Test func disksHaveTheirRequestsAndTheirRoom() throws {
        var parameters = counts([
            "block.count": 2, "block.0.backingIndex": 3, "block.0.rd.reqs": 10, "block.0.rd.bytes": 4096,
            "block.0.rd.times": 77, "block.0.wr.reqs": 20, "block.0.wr.bytes": 8192, "block.0.fl.reqs": 5,
            "block.0.fl.times": 6, "block.0.allocation": 123, "block.0.capacity": 1000, "block.0.physical": 600,
            "block.1.capacity": 500, "block.1.physical": 500,
        ])
        parameters += [
            Parameter("block.0.name", .text("vda")), Parameter("block.0.path", .text("/srv/web.qcow2")),
            Parameter("block.1.name", .text("sda")), Parameter("block.1.path", .text("/dev/vg/web")),
        ]
        let disks = try statistics(parameters, DescriptionTests.description()).disks
        #expect(disks.map(\.name) == ["vda", "sda", "vdb", "sdb"])
        #expect(disks[0].reads == .init(count: 10, bytes: 4096, nanoseconds: 77))
        #expect(disks[0].writes == .init(count: 20, bytes: 8192) && disks[0].flushes?.nanoseconds == 6)
        #expect(disks[0].capacity == Bytes(1000) && disks[0].allocation == Bytes(600))
        #expect(disks.map(\.isPreallocated) == [false, true, nil, nil])
        #expect(disks[1].reads == nil && disks[1].isBlockDevice == true && disks[0].backingImages == 2)
        #expect(disks[2].path == "rbd://ceph:6789/pool/image" && disks[3].path == nil)
    }

    @Test func trafficIsTheGuests() throws {
        let parameters =
            counts([
                "net.0.rx.bytes": 1, "net.0.rx.pkts": 2, "net.0.rx.errs": 3, "net.0.rx.drop": 4, "net.0.tx.bytes": 5,
                "net.0.tx.pkts": 6, "net.0.tx.errs": 7,
            ]) + [Parameter("net.0.name", .text("vnet0"))]
        let interfaces = try statistics(parameters, DescriptionTests.description()).interfaces
        #expect(interfaces.map(\.name) == ["vnet0", "net1"] && interfaces.map(\.bridge) == ["br0", "default"])
        #expect(interfaces[0].received == .init(bytes: 1, packets: 2, errors: 3, drops: 4))
        #expect(interfaces[0].sent == nil, "without drops nobody knows how many there were")
        #expect(interfaces[0].model == "virtio" && interfaces[1].received == nil)
    }

    @Test func whatTheHypervisorCountsKeepsTheKernelsNames() throws {
        let all = try statistics(
            counts([
                "vcpu.current": 2, "vcpu.0.state": 1, "vcpu.0.time": 9, "vcpu.0.exits.sum": 100,
                "vcpu.0.halt_exits.sum": 1, "vcpu.0.halt_wait_ns.sum": 2, "vcpu.0.halt_poll_success_ns.sum": 3,
                "vcpu.0.halt_poll_fail_ns.sum": 4, "vcpu.0.insn_emulation.sum": 5, "vcpu.0.io_exits.sum": 6,
                "vcpu.0.mmio_exits.sum": 7, "vcpu.0.irq_exits.sum": 8, "vcpu.0.pf_fixed.sum": 9,
                "vcpu.1.time": 5, "vm.remote_tlb_flush.sum": 11, "vm.pages_4k.cur": 12, "vm.max_mmu_rmap_size.max": 13,
                "vm.odd": 14,
            ]))
        #expect(all.hypervisor == ["remote_tlb_flush": 11, "pages_4k": 12, "max_mmu_rmap_size": 13])
        var processor = VirtualMachineStatistics.Processor(number: 0)
        (processor.exits, processor.haltExits, processor.haltWaitNanoseconds) = (100, 1, 2)
        (processor.haltPollSuccessNanoseconds, processor.haltPollFailNanoseconds) = (3, 4)
        (processor.instructionEmulations, processor.inputOutputExits, processor.memoryMappedExits) = (5, 6, 7)
        (processor.interruptExits, processor.pageFaults) = (8, 9)
        #expect(all.processors == [processor])
    }

    @Test func aDescriptionThatIsTooOldIsNoticed() throws {
        let description = try DescriptionTests.description()
        let disk = Parameter("block.0.name", .text("vda"))
        func disagree(_ parameters: [Parameter]) -> Bool { DomainStatistics(parameters).disagree(with: description) }
        #expect(!disagree([Parameter("vcpu.current", .unsigned(2)), disk]))
        #expect(!disagree([disk, Parameter("block.0.path", .text("/srv/web.qcow2"))]))
        #expect(!disagree([Parameter("block.2.name", .text("vdb")), Parameter("block.2.path", .text("pool/image"))]))
        #expect(disagree([Parameter("vcpu.current", .unsigned(3))]))
        #expect(disagree([disk, Parameter("block.0.path", .text("/srv/web.snapshot"))]))
    }

    @Test func whatCannotBeStaysUnknown() throws {
        let all = try statistics([
            Parameter("balloon.current", .unsigned(.max)), Parameter("balloon.last-update", .unsigned(.max)),
            Parameter("vcpu.0.exits.sum", .signed(-1)), Parameter("vcpu.-1.exits.sum", .unsigned(1)),
            Parameter("vcpu.99999999999999999999.exits.sum", .unsigned(1)), Parameter("vcpu.", .unsigned(1)),
            Parameter("block.0.name", .unsigned(7)), Parameter("block.0.capacity", .unsigned(1)),
            Parameter("block.1.name", .text("vda\n")), Parameter("block.1.capacity", .text("1")),
            Parameter("block.1.rd.reqs", .fraction(.nan)), Parameter("block.1.rd.bytes", .truth(true)),
            Parameter("block.20000.name", .text("x")), Parameter("", .unsigned(1)), Parameter(".", .unsigned(1)),
            Parameter("vm.", .unsigned(1)), Parameter("vm..sum", .unsigned(1)), Parameter("net.0", .unsigned(1)),
        ])
        #expect(all.balloon == nil && all.guestMemory == nil && all.processors.isEmpty && all.interfaces.isEmpty)
        #expect(all.hypervisor.isEmpty && all.disks == [VirtualMachineStatistics.Disk(name: "vda?")])
    }
}
