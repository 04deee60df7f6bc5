import FleetModel
import FoundationEssentials
import Glibc
import Testing

@testable import HostRuntime

@Suite("What a definition must keep to") struct DefinitionCheckTests {
    @Test func everyFieldIsNamedByWhatIsWrongWithIt() throws {
        let root = try temporaryFolder()
        defer { endProcesses(under: root) }
        let image = "\(root)/disk.img"
        try SmallFile.replace(image, with: [0])
        let check = DefinitionCheck(host: RuntimeConfiguration(folder: root, logicalProcessors: [0, 1, 2, 5]))
        let fine = try Fixture.definition()
        let wrong: [(String, String, (inout VirtualMachineDefinition) -> Void)] = [
            ("maximumProcessors", "2 to 255", { ($0.virtualProcessors, $0.maximumProcessors) = (2, 1) }),
            ("maximumMemory", "less than its memory", { $0.maximumMemory = .mebibytes(8) }),
            ("memoryModules", "not a part", { $0.memoryModules = [.mebibytes(16)] }),
            ("atNextStart.memory", "whole number", { $0.atNextStart = .init(memory: Bytes(5)) }),
            ("shares", "1 to 10000", { $0.shares = 0 }), ("priority", "0 to 1000", { $0.priority = 1001 }),
            ("labels", "not plain", { $0.labels = ["owner": "a\u{1b}b"] }),
            ("pinning[0]", "7 is not one of this host's 0-2,5", { $0.pinning = [[0, 7]] }),
            ("pinning", "2 entries", { $0.pinning = [[0], [1]] }),
            (
                "disks[0].bus", "read-only",
                { $0.disks = [.init(path: image, format: .raw, bus: .ide, isReadOnly: true)] }
            ),
            (
                "disks[1].path", "another",
                { $0.disks = [.init(path: image, format: .raw), .init(path: image, format: .raw)] }
            ),
        ]
        try check.check(fine)
        for (field, problem, change) in wrong {
            var definition = fine
            change(&definition)
            let error = #expect(throws: HostRuntimeError.self) { try check.check(definition) }
            #expect(error?.description.contains("VM's \(field):") == true)
            #expect(error?.description.contains(problem) == true)
        }
    }

    @Test func memoryThatIsNotThereIsRefusedWithFigures() async throws {
        try await withHosts("a", configure: { $0.memory = .mebibytes(100) }) { hosts in
            let (first, second) = (
                try pulse(near: hosts[0].folder, memory: .mebibytes(32)),
                try pulse(near: hosts[0].folder, name: "pulse-2", memory: .mebibytes(32))
            )
            #expect(await hosts[0].answer(.start(first)).isDone)
            guard case .refused(let reason) = await hosts[0].answer(.start(second)) else { throw Unexpected("started") }
            #expect(reason.contains("32 MiB and 21 MiB beside them") && reason.contains("of this host's 100 MiB"))
            #expect(reason.contains("others have 53 MiB"))
            #expect(await hosts[0].answer(.stop(first.id, force: true)).isDone)
            #expect(await hosts[0].answer(.start(second)).isDone)
        }
    }

    @Test func whatTheKernelHasLeftCountsToo() throws {
        let root = try temporaryFolder()
        defer { endProcesses(under: root) }
        var surroundings = HostSurroundings()
        surroundings.memory = "\(root)/meminfo"
        try SmallFile.replace(
            surroundings.memory, with: Array("MemTotal:       2097152 kB\nMemAvailable:    102400 kB\n".utf8))
        let book = MemoryBook(share: nil, surroundings)
        let id = try Fixture.definition().id
        #expect(book.objection(to: .mebibytes(79), for: id) == nil)
        #expect(book.objection(to: .mebibytes(80), for: id)?.contains("this host has 100 MiB available") == true)
        #expect(book.total() == .gibibytes(2))
        // Where nobody knows, nobody is kept from trying.
        surroundings.memory = "\(root)/none"
        #expect(MemoryBook(share: nil, surroundings).objection(to: .gibibytes(9999), for: id) == nil)
    }

    @Test func aLockIsFoundByItsInode() {
        let line = "lock:\t1: OFDLCK  ADVISORY  READ -1 fd:01:262147 201 201"
        #expect(ImageHolder.isLock(line[...], inode: 262147))
        #expect(!ImageHolder.isLock(line[...], inode: 201) && !ImageHolder.isLock("pos:\t0:0:262147", inode: 262147))
    }

    @Test func whatAnEarlierVersionHasWrittenIsRead() throws {
        let text = #"""
            {"accelerator": "tcg", "definition": {"accelerator": "auto", "balloon": true, "disks": [{"bus": "virtio",
            "format": "raw", "path": "/srv/a.img"}], "id": "00000000-0000-4000-8000-000000000001", "machine": "pc",
            "memory": 16777216, "name": "pulse-1", "processorModel": "qemu64", "virtualProcessors": 1},
            "process": 4711}
            """#
        let record = try JSONDecoder().decode(MachineRecord.self, from: Data(text.utf8))
        #expect(record.process == 4711 && record.saved == nil && record.isSending == nil && record.restarts == nil)
        #expect(record.definition.restart == .never && record.definition.disks[0].cache == .writeback)
        #expect(record.definition.memoryAtStart == .mebibytes(16) && record.definition.forStart == record.definition)
        #expect(record.definition.networkInterfaces.isEmpty && record.definition.pinning.isEmpty)
    }
}
