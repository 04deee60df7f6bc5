import FleetModel
import Testing

@testable import LibvirtRuntime

@Suite("A definition as libvirt takes it") struct DefinitionTests {
    private let id: VirtualMachineID

    init() {
        var generator = SystemRandomNumberGenerator()
        id = .random(using: &generator)
    }

    /// With something of everything; its paths are there on every host.
    private func whole() throws -> VirtualMachineDefinition {
        var definition = VirtualMachineDefinition(
            id: id, name: try #require(Name("web-1")), virtualProcessors: 2, memory: .mebibytes(64),
            accelerator: .tcg, machine: "q35", processorModel: "qemu64,+ssse3,vme=off", firmware: "/etc/hostname",
            kernel: .init(image: "/etc/passwd", initialRAMDisk: "/etc/group", commandLine: "quiet a='<&>\"'"),
            disks: [
                .init(path: "/etc/hosts", format: .raw, cache: .none),
                .init(path: "/dev/null", format: .qcow2, bus: .scsi, isLocal: true),
                .init(path: "/etc/hostname", format: .raw, bus: .ide, isReadOnly: true),
                .init(path: "/etc/group", format: .raw, isLocal: true),
            ], balloon: true)
        definition.networkInterfaces = [
            .init(connection: .bridge("br0"), hardwareAddress: "52:54:00:00:00:01"),
            .init(connection: .user, model: .e1000, hardwareAddress: "52:54:00:00:00:02"),
        ]
        (definition.maximumProcessors, definition.maximumMemory) = (4, .mebibytes(128))
        (definition.guestAgent, definition.shares, definition.priority) = (true, 200, 700)
        definition.pinning = [[0, 1], [1]]
        definition.labels = ["team": "<web> & 'mail'", "a\"b": ""]
        definition.restart = .onFailure
        return definition
    }

    private func description(of definition: VirtualMachineDefinition) throws -> DomainDescription {
        let text = DomainDocument(definition, accelerator: .tcg, sharesAreWeights: true) { $0.hasPrefix("/dev/") }.text
        return try DomainDescription(parsing: Array(text.utf8))
    }

    @Test func isReadBackAsItWasWritten() throws {
        let definition = try whole()
        var read = try description(of: definition).definition(id: id, name: definition.name)
        // libvirt's first memory is what there is room for. The rest is not read back.
        #expect(read.memory == .mebibytes(128))
        (read.memory, read.maximumMemory) = (definition.memory, definition.maximumMemory)
        (read.kernel, read.pinning, read.shares) = (definition.kernel, definition.pinning, definition.shares)
        read.processorModel = definition.processorModel
        // A disk at SATA, which q35 has in place of IDE, is none that a definition has a word for.
        #expect(read.disks.count == 3)
        read.disks.insert(definition.disks[2], at: 2)
        #expect(read == definition)
    }

    @Test func hasEverythingInIt() throws {
        let text = DomainDocument(try whole(), accelerator: .kvm, sharesAreWeights: false) { $0 == "/dev/null" }.text
        let domain = try MarkupElement(parsing: Array(text.utf8))
        #expect(domain[attribute: "type"] == "kvm")
        #expect(domain["os", "cmdline"]?.text == "quiet a='<&>\"'" && domain["os", "kernel"]?.text == "/etc/passwd")
        #expect(domain["os", "initrd"]?.text == "/etc/group" && domain["os", "loader"]?[attribute: "type"] == "rom")
        let pins = domain["cputune"]?.children(named: "vcpupin") ?? []
        #expect(pins.map { $0[attribute: "cpuset"] } == ["0,1", "1"])
        #expect(domain["cputune", "shares"]?.word == "2048")
        let features = domain["cpu"]?.children(named: "feature") ?? []
        #expect(features.map { $0[attribute: "name"] } == ["ssse3", "vme"])
        #expect(features.map { $0[attribute: "policy"] } == ["require", "disable"])
        let disks = domain["devices"]?.children(named: "disk") ?? []
        #expect(disks.map { $0["target"]?[attribute: "dev"] } == ["vda", "sda", "sdb", "vdb"])
        #expect(disks.map { $0["target"]?[attribute: "bus"] } == ["virtio", "scsi", "sata", "virtio"])
        #expect(disks[1]["source"]?[attribute: "dev"] == "/dev/null" && disks[1][attribute: "type"] == "block")
        #expect(domain["on_crash"]?.word == "restart")
    }

    @Test func theTwentySeventhDiskHasTwoLetters() throws {
        var definition = try whole()
        definition.disks = Array(repeating: definition.disks[0], count: 28)
        let names = try description(of: definition).disks.map(\.name)
        #expect(names.first == "vda" && names[25...] == ["vdz", "vdaa", "vdab"])
    }

    @Test func whatCannotBeIsRefusedByItsField() throws {
        typealias Change = (String, (inout VirtualMachineDefinition) -> Void)
        let changes: [Change] = [
            ("virtualProcessors", { $0.virtualProcessors = 0 }), ("virtualProcessors", { $0.maximumProcessors = 1 }),
            ("memory", { $0.memory = Bytes(1_500_000) }), ("maximumMemory", { $0.maximumMemory = .mebibytes(1) }),
            ("maximumMemory", { $0.balloon = false }), ("machine", { $0.machine = "q35,accel=tcg" }),
            ("processorModel", { $0.processorModel = "a b" }), ("labels", { $0.labels = ["a": "\u{1b}[2J"] }),
            ("labels", { d in for n in 0...200 { d.labels["\(n)"] = "" } }),
            ("firmware", { $0.firmware = "bios.bin" }), ("kernel.image", { $0.kernel?.image = "/nowhere" }),
            ("kernel.commandLine", { $0.kernel?.commandLine = "a\0b" }),
            ("disks[0].path", { $0.disks[0].path = "../etc/passwd" }),
            ("disks[1].path", { $0.disks[1].path = "/etc/hosts/there" }),
            (
                "disks",
                { d in
                    d.machine = "pc"
                    d.disks = Array(repeating: d.disks[2], count: 5)
                }
            ),
            ("networkInterfaces[0]", { $0.networkInterfaces[0].connection = .bridge("br0/../x") }),
            ("networkInterfaces[1].hardwareAddress", { $0.networkInterfaces[1].hardwareAddress = "53:54:00:00:00:02" }),
            ("shares", { $0.shares = 0 }), ("pinning", { $0.pinning = [[-1]] }),
            ("pinning", { $0.pinning = Array(repeating: [0], count: 9) }),
        ]
        #expect(DefinitionObjection.find(in: try whole()) == nil)
        #expect(DefinitionObjection.find(in: try whole(), storage: ["/srv"])?.hasPrefix("firmware:") == true)
        #expect(DefinitionObjection.find(in: try whole(), storage: ["/etc"])?.hasPrefix("disks[1].path:") == true)
        for (field, change) in changes {
            var definition = try whole()
            change(&definition)
            let objection = DefinitionObjection.find(in: definition)
            #expect(objection?.hasPrefix("\(field):") == true, "\(field): \(objection ?? "taken")")
            #expect(objection?.unicodeScalars.contains { $0.properties.generalCategory == .control } == false)
        }
    }
}

@Suite("An address of libvirt's") struct AddressTests {
    private func address(_ text: String, allowsPlain: Bool = false) -> String? {
        (try? LibvirtAddress(text, allowsPlain: allowsPlain))?.text
    }

    @Test(arguments: [
        "qemu+tls://kvm1/system", "qemu+tls://kvm1.example.org:16514/system", "qemu+tls://10.0.0.2/system",
        "qemu+tls://[fd00::2]:16514/system", "qemu+tls://[fd00::2]/system", "qemu+tcp://127.0.0.1/system",
        "qemu+tcp://localhost:1/system", "qemu+tcp://[::1]/system",
    ])
    func isTakenWhereDomainsTravelUnderTLSOrStayOnTheMachine(_ text: String) { #expect(address(text) == text) }

    @Test(arguments: [
        "", "qemu:///system", "qemu+tls:///system", "qemu+tls://kvm1/session", "qemu+tls://kvm1/system?no_verify=1",
        "qemu+ssh://root@kvm1/system", "qemu+ext:///system?command=/bin/sh", "qemu+tcp://kvm1/system",
        "qemu+tcp://127.0.0.1.evil.org/system", "qemu+tcp://127.1/system", "qemu+tls://user@kvm1/system",
        "qemu+tls://kvm1:0/system", "qemu+tls://kvm1:99999/system", "qemu+tls://kvm 1/system", "xen+tls://kvm1/system",
        "qemu+tls://kvm1/x?/system", "qemu+tls://[kvm1/system", "qemu+tls://-kvm1/system", "QEMU+TLS://kvm1/system",
    ])
    func isRefusedWhereItMeansMoreThanAHost(_ text: String) { #expect(address(text) == nil) }

    @Test func theBundledRuntimesIsToldApart() {
        do {
            _ = try LibvirtAddress("tcp:10.0.0.2:49152", allowsPlain: true)
            Issue.record("it was taken")
        } catch {
            #expect(error.description.contains("bundled runtime"))
        }
        #expect(address("qemu+tcp://10.9.0.2/system", allowsPlain: true) != nil)
    }
}

@Suite("What libvirt says of a host") struct HostDescriptionTests {
    private let capabilities = Array(
        """
        <capabilities><host/><guest><os_type>hvm</os_type><arch name='i686'><machine>isapc</machine></arch></guest>
        <guest><os_type>hvm</os_type><arch name='x86_64'>
        <machine canonical='pc-i440fx-7.2' maxCpus='255'>pc</machine><machine maxCpus='255'>pc-i440fx-7.2</machine>
        <domain type='qemu'/></arch></guest></capabilities>
        """.utf8)
    private let domains = Array(
        """
        <domainCapabilities><cpu><mode name='maximum' supported='yes'/><mode name='custom' supported='yes'>
        <model usable='yes'>pentium</model><model usable='no'>EPYC</model><model usable='no'>qemu64</model>
        <blockers model='EPYC'><feature name='sha-ni'/><feature name='avx2'/></blockers>
        </mode></cpu></domainCapabilities>
        """.utf8)

    private func migration(
        machine: String = "pc-i440fx-7.2", model: String = "qemu64,+ssse3", accelerator: Accelerator = .tcg,
        version: String? = "7.2.9"
    ) throws -> IncomingMigration {
        var generator = SystemRandomNumberGenerator()
        return IncomingMigration(
            definition: VirtualMachineDefinition(
                id: .random(using: &generator), name: try #require(Name("web")), virtualProcessors: 1,
                memory: .mebibytes(64), machine: machine, processorModel: model),
            accelerator: accelerator, timeLimitSeconds: 60, emulatorVersion: version)
    }

    @Test func namesWhatAVMLacksThere() throws {
        let host = try HostDescription(capabilities: capabilities, domains: domains, emulatorVersion: "7.2.22")
        #expect(host.machines == ["pc", "pc-i440fx-7.2"] && host.processorModels == ["qemu64", "pentium"])
        #expect(!host.hasKVM)
        #expect(host.objection(to: try migration()) == nil)
        #expect(host.objection(to: try migration(version: nil)) == nil)
        #expect(host.objection(to: try migration(model: "unknown")) == nil)
        let refused: [(IncomingMigration, String)] = [
            (try migration(machine: "pc-i440fx-8.0"), "pc-i440fx-8.0"), (try migration(accelerator: .kvm), "KVM"),
            (try migration(version: "8.0.0"), "older than 8.0.0"), (try migration(version: "10.0.1"), "10.0.1"),
            (try migration(model: "EPYC"), "sha-ni, avx2"), (try migration(model: "Nehalem"), "Nehalem"),
        ]
        for (migration, word) in refused { #expect(host.objection(to: migration)?.contains(word) == true) }
    }

    @Test func saysNothingWhereItKnowsNothing() throws {
        let empty = Array("<capabilities/>".utf8)
        let host = try HostDescription(capabilities: empty, domains: nil, emulatorVersion: nil)
        #expect(host.objection(to: try migration(machine: "any", model: "any")) == nil)
        #expect(throws: MarkupProblem.self) {
            try HostDescription(capabilities: Array("<capabilities>".utf8), domains: nil, emulatorVersion: nil)
        }
    }
}
