import FleetModel
import Glibc
import Testing

@testable import HostRuntime

@Suite("A host's storage", .timeLimit(.minutes(1))) struct StorageTests {
    @Test func isWhereTheFilesOfItsVirtualMachinesMustLie() async throws {
        try await withHosts("a", configure: { $0.storage = ["\($0.folder)/../shared"] }) { hosts in
            let shared = "\(hosts[0].folder)/../shared"
            #expect(unsafe mkdir(shared, 0o700) == 0)
            #expect(unsafe mkdir("\(shared)/x", 0o700) == 0)
            var vm = try pulse(near: "\(shared)/x")
            vm.disks = [.init(path: "\(shared)/disk.img", format: .raw)]
            try SmallFile.replace("\(shared)/disk.img", with: [UInt8](repeating: 0, count: 1 << 16))
            unsafe #expect(symlink("/dev/null", "\(shared)/link") == 0)
            try SmallFile.replace("\(shared)-not", with: [0])

            for outside in ["/dev/null", "\(shared)/link", "\(shared)/../shared-not", "\(shared)/x/../../shared-not"] {
                for change: (inout VirtualMachineDefinition) -> Void in [
                    { $0.disks[0].path = outside }, { $0.firmware = outside }, { $0.kernel = .init(image: outside) },
                    { $0.kernel = .init(image: "\(shared)/disk.img", initialRAMDisk: outside) },
                ] {
                    var wrong = vm
                    change(&wrong)
                    for task in [HostTask.start(wrong), .prepareIncoming(incoming(wrong))] {
                        guard case .refused(let reason) = await hosts[0].answer(task) else { throw Unexpected(outside) }
                        #expect(reason.contains("outside of this host's storage"))
                    }
                }
            }
            #expect(await hosts[0].answer(.start(vm)).isDone)
        }
    }

    @Test func holdsAlsoWhatImagesNameAsTheirBackingFile() throws {
        let root = try temporaryFolder()
        defer { endProcesses(under: root) }
        let storage = StorageFolders([root])
        func objection(backing: String, dataFile: Bool = false) throws -> String? {
            try SmallFile.replace("\(root)/disk.qcow2", with: image(backing: backing, dataFile: dataFile))
            return storage.objection(toChainOf: "\(root)/disk.qcow2")
        }
        try SmallFile.replace("\(root)/base.qcow2", with: image(backing: "/dev/null"))
        try SmallFile.replace("\(root)/base.img", with: [UInt8](repeating: 0, count: 512))
        #expect(try objection(backing: "") == nil)
        #expect(try objection(backing: "base.img") == nil)
        #expect(try objection(backing: "\(root)/base.img") == nil)
        #expect(try objection(backing: "/dev/null")?.contains("/dev/null lies outside") == true)
        #expect(try objection(backing: "base.qcow2")?.contains("/dev/null lies outside") == true)
        #expect(try objection(backing: "disk.qcow2")?.contains("no end") == true)
        #expect(try objection(backing: "nbd://10.0.0.1/x")?.contains("no plain path") == true)
        #expect(try objection(backing: "", dataFile: true)?.contains("in another file") == true)
        #expect(StorageFolders([]).objection(toChainOf: "\(root)/disk.qcow2") == nil)
    }

    /// The head of a qcow2 image of version 3.
    private func image(backing: String, dataFile: Bool = false) -> [UInt8] {
        var bytes: [UInt8] = [0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 3] + [UInt8](repeating: 0, count: 104)
        if !backing.isEmpty {
            bytes[15] = 112
            bytes[18] = UInt8(backing.utf8.count / 256)
            bytes[19] = UInt8(backing.utf8.count % 256)
        }
        if dataFile { bytes[79] = 4 }
        return bytes + Array(backing.utf8)
    }
}
