import FleetModel
import Foundation

/// A tiny guest for libvirt to run: a boot sector that waits for interrupts, on a disk of a mebibyte.
struct TestDomain {
    var id: VirtualMachineID
    var name: String
    var disk: String
    var type = "qemu"
    var tap: String

    /// A guest whose disk lies in `root`, as on storage that all hosts see.
    init(_ name: String, under root: String) throws {
        var generator = SystemRandomNumberGenerator()
        id = .random(using: &generator)
        self.name = name
        tap = "ek\(id.text.prefix(8))"
        disk = "\(root)/\(id).img"
        // sti; hlt; jmp to hlt
        var sector: [UInt8] = [0xfb, 0xf4, 0xeb, 0xfd]
        sector += [UInt8](repeating: 0, count: 510 - sector.count) + [0x55, 0xaa]
        try Data(sector + [UInt8](repeating: 0, count: 1 << 20)).write(to: URL(fileURLWithPath: disk))
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
