import FleetModel
import FoundationEssentials
import Glibc
import Testing

@testable import HostRuntime

@Suite("A disk that is a device of the host") struct DeviceDiskTests {
    /// Any device of blocks that this machine has; nothing is done to it.
    private static let device = (try? FileManager.default.contentsOfDirectory(atPath: "/dev"))?.sorted()
        .map { "/dev/\($0)" }.first { path in
            var status = stat()
            return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFBLK
        }

    @Test(.enabled(if: device != nil, "this machine shows no block device")) func isNotOpenedAsAFile() throws {
        let device = try #require(Self.device)
        var vm = try Fixture.definition()
        vm.disks = [.init(path: device, format: .raw), .init(path: "/dev/null", format: .raw)]
        let arguments = QEMUCommandLine.arguments(
            for: vm, accelerator: .tcg, pidFile: "/nowhere", places: LaunchPlaces())
        let blocks = arguments.filter { $0.contains("\"node-name\"") }
        #expect(blocks.count == 2)
        #expect(blocks[0].contains(#""driver":"host_device","filename":"\#(device)""#))
        #expect(blocks[1].contains(#""driver":"file","filename":"/dev/null""#))
    }
}
