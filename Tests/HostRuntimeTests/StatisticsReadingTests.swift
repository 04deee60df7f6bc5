import FleetModel
import FoundationEssentials
import Testing

@testable import HostRuntime

@Suite("What QEMU says of a running VM, read") struct StatisticsReadingTests {
    @Test func processorsFindTheirNumbersAndKeepTheirCounts() throws {
        let numbers = HypervisorCounts.processorNumbers(try QEMUAnswers.value(QEMUAnswers.processorList))
        let processors = HypervisorCounts.processors(try QEMUAnswers.value(QEMUAnswers.processors), numbers: numbers)
        var (first, second) = (
            VirtualMachineStatistics.Processor(number: 0), VirtualMachineStatistics.Processor(number: 1)
        )
        (first.exits, first.haltExits, first.haltWaitNanoseconds) = (14219, 100, 769_916_987)
        (first.haltPollSuccessNanoseconds, first.haltPollFailNanoseconds) = (1, 2)
        (first.instructionEmulations, first.inputOutputExits, first.memoryMappedExits) = (141662, 6, 5)
        // This kernel does not count the faults that were taken, so those that were answered stand in.
        (first.interruptExits, first.pageFaults) = (7, 9)
        (second.exits, second.haltExits, second.haltWaitNanoseconds) = (0, 0, 0)
        (second.haltPollSuccessNanoseconds, second.haltPollFailNanoseconds) = (0, 0)
        (second.instructionEmulations, second.inputOutputExits, second.memoryMappedExits) = (0, 0, 0)
        (second.interruptExits, second.pageFaults) = (0, 0)
        #expect(processors == [first, second])
        #expect(HypervisorCounts.processors(["provider": "kvm"], numbers: numbers).isEmpty)
    }

    @Test func theMachinesCountsAreItsWholeNumbers() throws {
        let counts = HypervisorCounts.machine(try QEMUAnswers.value(QEMUAnswers.machine))
        #expect(counts["pages_4k"] == 12 && counts["remote_tlb_flush"] == 1 && counts.count == 6)
        let odd: JSONValue = [
            [
                "provider": "kvm",
                "stats": [
                    ["name": "a{b}", "value": 1], ["name": "blocking", "value": true], ["name": "good", "value": 2],
                    ["name": "below", "value": -1], ["name": "hist", "value": [1, 2]],
                ],
            ],
            ["provider": "cryptodev", "stats": [["name": "other", "value": 1]]],
        ]
        #expect(HypervisorCounts.machine(odd) == ["good": 2])
        #expect(HypervisorCounts.machine([]).isEmpty)
    }

    @Test func unknownGuestMemoryIsUnknownAndNotHuge() throws {
        let now = Timestamp(milliseconds: 1_795_648_700_000)
        let view = try #require(BalloonReading.guestView(try QEMUAnswers.value(QEMUAnswers.guest), now: now))
        #expect(view.total == .mebibytes(224) && view.available == .mebibytes(144) && view.free == .mebibytes(160))
        #expect(view.swappedIn == .zero && view.swappedOut == nil && view.majorFaults == 11)
        #expect(view.updated == Timestamp(milliseconds: 1_795_648_687_000))
        #expect(BalloonReading.guestView(try QEMUAnswers.value(QEMUAnswers.silentGuest), now: now) == nil)
    }

    @Test func aGuestThatHasNotSpokenLatelySaysNothing() throws {
        let guest = try QEMUAnswers.value(QEMUAnswers.guest)
        let spoke = Timestamp(milliseconds: 1_795_648_687_000)
        #expect(BalloonReading.guestView(guest, now: spoke + .seconds(30)) != nil)
        #expect(BalloonReading.guestView(guest, now: spoke + .seconds(31)) == nil)
        #expect(BalloonReading.guestView(guest, now: spoke - .seconds(31)) == nil)
    }

    @Test func disksAreDescribedAndCounted() throws {
        let own = VirtualMachineDefinition.Disk(path: "/images/full.raw", format: .raw, bus: .ide)
        let described = BlockReading.descriptions(
            try QEMUAnswers.value(QEMUAnswers.blocks),
            own: [.init(path: "/images/sparse.raw", format: .raw, bus: .virtio), own])
        let disks = BlockReading.disks(described, counts: try QEMUAnswers.value(QEMUAnswers.blockCounts))
        #expect(disks.map(\.name) == ["disk0", "disk1", "virtio-disk0", "scsi0-0-0-0", "cd0"])
        #expect(
            disks.map(\.path) == ["/images/sparse.raw", "/images/full.raw", "/images/b.qcow2", "/dev/vg/data", nil])
        #expect(disks.map(\.format) == ["raw", "raw", "qcow2", "raw", nil])
        #expect(disks.map(\.bus) == ["virtio", "ide", "virtio", nil, nil])
        #expect(disks.map(\.isBlockDevice) == [false, nil, nil, true, nil])
        #expect(disks.map(\.isPreallocated) == [false, true, false, true, nil])
        #expect(
            disks.map(\.allocation) == [.zero, .mebibytes(4), Bytes(610304), .gibibytes(1), nil])
        #expect(disks.map(\.backingImages) == [0, 0, 1, 0, nil])
        let first = disks[0]
        #expect(first.capacity == .mebibytes(8) && first.reads == .init(count: 1, bytes: 512, nanoseconds: 7))
        #expect(first.writes == .init(count: 2, bytes: 4096, nanoseconds: 8))
        #expect(first.flushes == .init(count: 3, bytes: 0, nanoseconds: 9))
        // What is missing or cannot be is unknown.
        #expect(disks[1].reads == nil && disks[3].reads == .init(count: 5, bytes: 6) && disks[3].writes == nil)
        #expect(disks[4].reads == nil && disks[4].writes == nil)
    }

    @Test func snapshotsHaveTheirDatesAndCountOnce() throws {
        let described = BlockReading.descriptions(try QEMUAnswers.value(QEMUAnswers.blocks))
        let snapshots = try #require(BlockReading.snapshots(of: described + described))
        #expect(snapshots.map(\.name) == ["s1", "before-upgrade"])
        #expect(snapshots.map(\.time.milliseconds) == [1_795_640_000_118, 1_795_648_687_071])
        #expect(BlockReading.snapshots(of: described.filter { $0.disk.format == "raw" }) == nil)
    }

    @Test func anImageWithoutAPlainNameHasNone() throws {
        let answer: JSONValue = [
            [
                "qdev": "d", "inserted": ["drv": "file", "image": ["filename": "json:{\"driver\":\"null-co\"}"]],
            ]
        ]
        let disk = try #require(BlockReading.descriptions(answer).first?.disk)
        #expect(disk.path == nil && disk.format == "raw" && disk.isBlockDevice == false)
    }

    @Test func networkInterfacesAreKnownByTheirTaps() throws {
        let found = NetworkReading.interfaces(QEMUAnswers.network)
        #expect(found.map(\.interface.name) == ["e1000.0", "nic1"])
        #expect(found.map(\.interface.model) == ["e1000", "virtio"])
        #expect(found.map(\.tap) == [nil, "vnet0"])
        let queues: JSONValue = .string(
            "n: index=0,type=nic,model=virtio-net-pci\n \\ h: index=0,type=tap,fd=33\n"
                + "n: index=1,type=nic,model=virtio-net-pci\n \\ h: index=1,type=tap,ifname=other\n"
                + "hub 0\n \\ hub0port0: type=tap,ifname=stray\nx: type=nic\n \\ y: type=tap,ifname=../../etc\n")
        #expect(NetworkReading.interfaces(queues).map(\.interface.name) == ["n", "x"])
        #expect(NetworkReading.interfaces(queues).map(\.tap) == [nil, nil])
    }

    @Test func trafficOfATapIsTurnedRound() throws {
        let root = try temporaryFolder()
        defer { endProcesses(under: root) }
        let counts = ["rx": 100, "tx": 200]
        let folder = "\(root)/vnet0/statistics"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for (direction, base) in counts {
            for (place, name) in ["bytes", "packets", "errors", "dropped"].enumerated() {
                try SmallFile.replace("\(folder)/\(direction)_\(name)", with: Array("\(base + place)\n".utf8))
            }
        }
        try FileManager.default.createSymbolicLink(
            atPath: "\(root)/vnet0/master", withDestinationPath: "../../virtual/net/br0")
        let found = NetworkReading.interfaces(QEMUAnswers.network).map(TapTraffic(folder: root).complete)
        #expect(found[1].name == "vnet0" && found[1].bridge == "br0")
        #expect(found[1].received == .init(bytes: 200, packets: 201, errors: 202, drops: 203))
        #expect(found[1].sent == .init(bytes: 100, packets: 101, errors: 102, drops: 103))
        #expect(found[0].received == nil && found[0].bridge == nil)
        let gone = TapTraffic(folder: "/nowhere").complete(NetworkReading.interfaces(QEMUAnswers.network)[1])
        #expect(gone.received == nil && gone.sent == nil)
    }
}
