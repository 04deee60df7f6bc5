import FleetModel
import Testing

@testable import LibvirtRuntime

@Suite("What a domain's description says") struct DescriptionTests {
    static let document = """
        <domain type='kvm' id='1' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
          <name>web &amp; mail</name>
          <uuid>4dea22b3-1d52-d8f3-2516-782e98ab3fa0</uuid>
          <memory unit='KiB'>4194304</memory>
          <currentMemory unit='KiB'>2097152</currentMemory>
          <vcpu placement='static' current='2'>4</vcpu>
          <os>
            <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>
            <loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE.fd</loader>
          </os>
          <cpu mode='host-passthrough' check='none' migratable='on'/>
          <devices>
            <emulator>/usr/bin/qemu-system-x86_64</emulator>
            <disk type='file' device='disk'>
              <driver name='qemu' type='qcow2'/>
              <source file='/srv/web.qcow2' index='3'/>
              <backingStore type='file' index='4'>
                <format type='qcow2'/>
                <source file='/srv/middle.qcow2'/>
                <backingStore type='file' index='5'>
                  <format type='raw'/><source file='/srv/base.img'/><backingStore/>
                </backingStore>
              </backingStore>
              <target dev='vda' bus='virtio'/>
            </disk>
            <disk type='block' device='lun'>
              <driver name='qemu' type='raw'/><source dev='/dev/vg/web'/><backingStore/>
              <target dev='sda' bus='scsi'/>
            </disk>
            <disk type='network' device='disk'>
              <driver name='qemu' type='raw'/>
              <source protocol='rbd' name='pool/image'><host name='ceph' port='6789'/></source>
              <target dev='vdb' bus='virtio'/>
            </disk>
            <disk type='file' device='cdrom'><target dev='sdb' bus='sata'/></disk>
            <interface type='bridge'>
              <mac address='52:54:00:00:00:01'/>
              <source bridge='br0'/><target dev='vnet0'/><model type='virtio'/><alias name='net0'/>
            </interface>
            <interface type='network'><source network='default'/><alias name='net1'/></interface>
            <serial type='pty'><source path='/dev/pts/4'/><target port='0'/></serial>
            <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
            <memballoon model='virtio'/>
          </devices>
        </domain>
        """

    static func description(_ document: String = document) throws -> DomainDescription {
        try DomainDescription(parsing: Array(document.utf8))
    }

    @Test func theVirtualMachineIsAsDescribed() throws {
        let description = try Self.description()
        let id = try #require(VirtualMachineID("4dea22b3-1d52-d8f3-2516-782e98ab3fa0"))
        let name = try #require(Name<VirtualMachineKind>("web"))
        var expected = VirtualMachineDefinition(
            id: id, name: name, virtualProcessors: 2, memory: .gibibytes(4), accelerator: .kvm,
            machine: "pc-q35-7.2", processorModel: "host-passthrough",
            firmware: "/usr/share/OVMF/OVMF_CODE.fd",
            disks: [
                .init(path: "/srv/web.qcow2", format: .qcow2, bus: .virtio),
                .init(path: "/dev/vg/web", format: .raw, bus: .scsi),
            ], balloon: true)
        expected.maximumProcessors = 4
        expected.guestAgent = true
        expected.networkInterfaces = [.init(connection: .bridge("br0"), hardwareAddress: "52:54:00:00:00:01")]
        #expect(description.definition(id: id, name: name) == expected)
        #expect(description.console == .terminal(path: "/dev/pts/4"))
        #expect(description.accelerator == .kvm && description.emulator == "/usr/bin/qemu-system-x86_64")
    }

    @Test func devicesAreAsDescribed() throws {
        let description = try Self.description()
        #expect(description.disks.map(\.name) == ["vda", "sda", "vdb", "sdb"])
        #expect(
            description.disks.map(\.path) == ["/srv/web.qcow2", "/dev/vg/web", "rbd://ceph:6789/pool/image", nil])
        #expect(description.disks.map(\.isBlockDevice) == [false, true, nil, false])
        #expect(description.disks.map(\.backingImages) == [2, 0, nil, nil])
        #expect(description.disks.map(\.bus) == ["virtio", "scsi", "virtio", "sata"])
        #expect(
            description.interfaces == [
                .init(
                    name: "vnet0", model: "virtio", bridge: "br0", type: "bridge", hardwareAddress: "52:54:00:00:00:01"),
                .init(name: "net1", model: nil, bridge: "default", type: "network"),
            ])
    }

    @Test(arguments: [
        ("<domain/>", 1, Bytes.mebibytes(1)), ("<domain><vcpu>0</vcpu><memory>0</memory></domain>", 1, .mebibytes(1)),
        ("<domain><vcpu>9999</vcpu><memory unit='TiB'>9223372036854775807</memory></domain>", 255, Bytes(1 << 50)),
        ("<domain><vcpu>-1</vcpu><memory unit='MiB'>-5</memory></domain>", 1, .mebibytes(1)),
        ("<domain><vcpu>two</vcpu><memory unit='MiB'>64</memory></domain>", 1, .mebibytes(64)),
    ])
    func whatCannotBeBecomesWhatCan(document: String, processors: Int, memory: Bytes) throws {
        let description = try Self.description(document)
        #expect(description.virtualProcessors == processors && description.memory == memory)
        #expect(description.accelerator == nil && description.machine == nil && description.disks.isEmpty)
    }

    @Test func controlCharactersAndEndlessTextsStayOut() throws {
        let long = String(repeating: "x", count: 5000)
        let description = try Self.description(
            "<domain><os><type machine='p&#10;c'/></os><cpu><model>\(long)</model></cpu></domain>")
        #expect(description.machine == "p?c" && description.processorModel == String(long.prefix(1021)))
    }

    @Test func snapshotsHaveANameAndATime() throws {
        let document = "<domainsnapshot><name>before</name><creationTime>1700000000</creationTime></domainsnapshot>"
        let snapshot = try VirtualMachineStatistics.Snapshot(parsing: Array(document.utf8))
        #expect(snapshot == .init(name: "before", time: Timestamp(milliseconds: 1_700_000_000_000)))
        for broken in ["<domainsnapshot/>", document.replacing("1700000000", with: "-1"), "<domain/>"] {
            #expect(try VirtualMachineStatistics.Snapshot(parsing: Array(broken.utf8)) == nil)
        }
    }

    @Test func namesThatAreNoneBecomeSomeThatStayApart() throws {
        let id = try #require(VirtualMachineID("4dea22b3-1d52-d8f3-2516-782e98ab3fa0"))
        func name(_ text: String) -> String? { DomainText.name(text, id: id)?.text }
        #expect(name("web-1.example_2") == "web-1.example_2")
        #expect(name("tiny one") == name("tiny one") && name("tiny one")?.hasPrefix("tiny-one-") == true)
        #expect(name("tiny one") != name("tiny-one") && name("tiny one") != name("tiny/one"))
        let long = String(repeating: "n", count: 64)
        let awkward = ["", "-", "\u{1F600}", "a b", "a\u{0}b", long, "-x", "\u{e9}t\u{e9}"]
        #expect(Set(awkward.compactMap(name)).count == awkward.count)
    }
}
