import FleetModel
import Foundation
import Testing

/// A tiny guest for libvirt to run: a boot sector that waits for interrupts, on a disk of a mebibyte.
struct TestDomain {
    var id: VirtualMachineID
    var name: String
    var disk: String
    var type = "qemu"
    var tap: String
    /// Whether it keeps writing to 4 MiB of its memory, faster than 4 MiB a second go over a wire.
    let isBusy: Bool

    /// A guest whose disk lies in `root`, as on storage that all hosts see.
    init(_ name: String, under root: String, isBusy: Bool = false) throws {
        var generator = SystemRandomNumberGenerator()
        id = .random(using: &generator)
        self.name = name
        tap = "ek\(id.text.prefix(8))"
        disk = "\(root)/\(id).img"
        self.isBusy = isBusy
        // sti; hlt; jmp to hlt
        var sector: [UInt8] = [0xfb, 0xf4, 0xeb, 0xfd]
        if isBusy {
            sector = [
                0x31, 0xc0, 0x8e, 0xc0,  // xor ax, ax; mov es, ax
                0x66, 0xbf, 0x00, 0x00, 0x20, 0x00,  // begin: mov edi, 0x200000
                0x26, 0x67, 0x66, 0xff, 0x07,  // page: inc dword [es:edi]; TCG checks no segment's limit
                0x66, 0x81, 0xc7, 0x00, 0x10, 0x00, 0x00,  // add edi, 4096
                0x66, 0x81, 0xff, 0x00, 0x00, 0x60, 0x00,  // cmp edi, 0x600000
                0x72, 0xeb, 0xeb, 0xe3,  // jb page; jmp begin
            ]
        }
        sector += [UInt8](repeating: 0, count: 510 - sector.count) + [0x55, 0xaa]
        try Data(sector + [UInt8](repeating: 0, count: 1 << 20)).write(to: URL(fileURLWithPath: disk))
    }

    /// The same as a definition. Its disk can only be read, so that libvirt takes it for safe to move.
    var definition: VirtualMachineDefinition {
        get throws {
            var definition = VirtualMachineDefinition(
                id: id, name: try #require(Name(name)), virtualProcessors: 1, memory: .mebibytes(32), accelerator: .tcg,
                disks: [.init(path: disk, format: .raw, cache: .none, isReadOnly: true)], balloon: true)
            definition.networkInterfaces = [.init(connection: .user, hardwareAddress: "52:54:00:12:34:56")]
            return definition
        }
    }

    /// Writes the description into a file for virsh.
    func file(in folder: String) throws -> String {
        let path = "\(folder)/\(id).xml"
        try document.write(toFile: path, atomically: false, encoding: .utf8)
        return path
    }

    private var document: String {
        """
        <domain type='\(type)'>
          <name>\(name)</name>
          <uuid>\(id)</uuid>
          <memory unit='MiB'>32</memory>
          <vcpu>1</vcpu>
          <os><type arch='x86_64' machine='pc'>hvm</type></os>
          <cpu mode='custom' match='exact' check='none'><model>qemu64</model></cpu>
          <devices>
            <emulator>/usr/bin/qemu-system-x86_64</emulator>
            <disk type='file' device='disk'>
              <driver name='qemu' type='raw'/>
              <source file='\(disk)'/>
              <target dev='hda' bus='ide'/>
            </disk>
            <controller type='usb' model='none'/>
            <interface type='ethernet'>
              <target dev='\(tap)' managed='yes'/>
              <model type='e1000'/>
            </interface>
            <memballoon model='virtio'><stats period='1'/></memballoon>
          </devices>
        </domain>
        """
    }
}
