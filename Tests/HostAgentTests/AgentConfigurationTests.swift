import Counters
import FleetModel
import HTTPDoor
import Testing

@testable import HostAgent

@Suite("The agent's configuration")
struct AgentConfigurationTests {
    private func read(_ yaml: String, machineName: String = "kvm7.example.org") throws(AgentError) -> AgentConfiguration
    {
        try AgentConfiguration(yaml: yaml, file: "/etc/evenkeel/agent.yaml", machineName: machineName)
    }

    @Test func `an empty file has a default for everything`() throws {
        let configuration = try read("")
        #expect(configuration.host.text == "kvm7")
        #expect(configuration.cluster.text == "default")
        #expect(configuration.server == "http://127.0.0.1:7411")
        #expect(configuration.interval == .seconds(10))
        #expect(configuration.storageFolders.isEmpty)
        #expect(configuration.logicalProcessors == nil)
        #expect(configuration.memory == nil)
        #expect(configuration.accelerator == .auto)
        #expect(try read("# only a comment\n") == configuration)
        #expect(try read("memory:\n") == configuration)
    }

    @Test(arguments: [
        ("runtime: off", AgentConfiguration.RuntimeChoice.off, AgentConfiguration.LibvirtChoice.auto),
        ("runtime: on\nlibvirt: off", .on, .off), ("libvirt: auto", .auto, .auto),
        ("libvirt: qemu+unix:///system?socket=/run/a", .auto, .address("qemu+unix:///system?socket=/run/a")),
    ])
    func `who runs VMs`(
        _ yaml: String, _ runtime: AgentConfiguration.RuntimeChoice, _ libvirt: AgentConfiguration.LibvirtChoice
    ) throws {
        let configuration = try read(yaml + "\nqemu: /opt/qemu")
        #expect(configuration.runtime == runtime)
        #expect(configuration.libvirt == libvirt)
        #expect(configuration.emulator == "/opt/qemu")
    }

    @Test(arguments: ["runtime: perhaps", "libvirt: perhaps", "libvirt: \"qemu:///a b\""])
    func `who runs VMs is refused where it makes no sense`(_ yaml: String) {
        let problem = #expect(throws: AgentError.self) { try read(yaml) }
        #expect(problem?.description.contains("/etc/evenkeel/agent.yaml:1:") == true)
    }

    @Test func `every key is read, and paths count from the file's folder`() throws {
        let configuration = try read(
            """
            host: kvm1
            cluster: west
            server: https://fleet.example:7411/
            token_file: token
            ca_file: ../ca.pem
            data: /data/agent
            machines: /data/vms
            storage: /srv/vms, /srv/boot
            interval: 1s
            logical_processors: "0-3,6"
            memory: 32GiB
            accelerator: tcg
            migration_address: 10.0.0.2
            migration_tls: pki
            migration_ports: 49152-49215
            migration_bandwidth: 100MiB
            disk_bandwidth: 400MiB
            shared_folder: /srv/shared
            libvirt_control: on
            libvirt_migration_address: qemu+tls://kvm1/system
            spool_limit: 64MiB
            """)
        var expected = AgentConfiguration(
            host: try #require(HostName("kvm1")), cluster: try #require(ClusterName("west")),
            server: "https://fleet.example:7411", tokenFile: "/etc/evenkeel/token",
            certificateAuthority: "/etc/ca.pem", dataFolder: "/data/agent", machinesFolder: "/data/vms",
            storageFolders: ["/srv/vms", "/srv/boot"], interval: .seconds(1),
            logicalProcessors: LogicalProcessorSet([0, 1, 2, 3, 6]),
            memory: .gibibytes(32), accelerator: .tcg, migrationAddress: "10.0.0.2",
            migrationCertificates: "/etc/evenkeel/pki", spoolLimit: .mebibytes(64))
        expected.migrationPorts = 49152...49215
        expected.migrationBandwidth = .mebibytes(100)
        expected.diskBandwidth = .mebibytes(400)
        expected.sharedFolder = "/srv/shared"
        expected.libvirtControl = true
        expected.libvirtMigrationAddress = "qemu+tls://kvm1/system"
        #expect(configuration == expected)
    }

    @Test(arguments: [
        (
            "host: kvm1\nhots: kvm2\n",
            "agent.yaml:2:1: there is no key 'hots', did you mean 'host'? known are host, cluster"
        ),
        ("host: -x\n", "agent.yaml:1:7: host: '-x' is not a name"),
        ("\n\ninterval: 1h\n", "agent.yaml:3:11: interval: '1h' is not an interval"),
        ("interval: 50ms\n", "agent.yaml:1:11: interval: '50ms' is not an interval from 100ms to 5m"),
        ("logical_processors: 3-1\n", "agent.yaml:1:21: logical_processors: '3-1' is not a list"),
        ("memory: much\n", "agent.yaml:1:9: memory: 'much' is not a size"),
        ("spool_limit: 1MiB\n", "agent.yaml:1:14: spool_limit: '1MiB' is not a size of at least 8MiB"),
        ("accelerator: xen\n", "agent.yaml:1:14: accelerator: 'xen' is none of auto, kvm, tcg"),
        ("server: fleet:7411\n", "agent.yaml:1:9: server: 'fleet:7411' is not an address"),
        ("server: http://fleet:7411\n", "agent.yaml:1:9: server: 'http://fleet:7411' leaves this machine without TLS"),
        ("server: http://127.evil.example.com\n", "'http://127.evil.example.com' leaves this machine without TLS"),
        ("server: http://127.0.0.1.com\n", "'http://127.0.0.1.com' leaves this machine without TLS"),
        ("server: http://127.0.0.256\n", "'http://127.0.0.256' leaves this machine without TLS"),
        ("migration_address: 127.a.b.c\n", "agent.yaml:1:20: migration_address: 127.a.b.c is not loopback"),
        ("storage: /srv,vms\n", "agent.yaml:1:10: storage: 'vms' is not an absolute path"),
        ("storage: /srv/../etc\n", "agent.yaml:1:10: storage: '/srv/../etc' is not an absolute path"),
        ("server: https://fleet:7411/api\n", "agent.yaml:1:9: server: 'https://fleet:7411/api' has a path"),
        ("migration_address: 10.0.0.1\n", "agent.yaml:1:20: migration_address: 10.0.0.1 is not loopback"),
        ("migration_address: 'a,b'\n", "agent.yaml:1:20: migration_address: 'a,b' is not a host name"),
        ("migration_ports: 49152\n", "agent.yaml:1:18: migration_ports: '49152' is not a range of ports"),
        ("migration_ports: 9-5000\n", "agent.yaml:1:18: migration_ports: '9-5000' is not a range of ports"),
        ("libvirt_control: please\n", "agent.yaml:1:18: libvirt_control: 'please' is neither on nor off"),
        ("libvirt_migration_address: kvm1\n", "libvirt_migration_address: 'kvm1' is not an address"),
        ("host: [a, b]\n", "agent.yaml:1:7: host: expected one value"),
        ("- host\n", "agent.yaml:1:1: expected keys and values"),
        ("host: a\nhost: b\n", "given twice: host"),
        ("host: 'a\n", "agent.yaml:2:1: not YAML"),
        ("? [a]\n: b\n", "agent.yaml:1:3: a key must be a text"),
    ])
    func `what is wrong is named with its place`(_ yaml: String, _ message: String) {
        let problem = #expect(throws: AgentError.self) { try read(yaml) }
        #expect(problem?.description.contains(message) == true, "\(problem?.description ?? "no error")")
    }

    @Test(arguments: ["127.0.0.1", "::1", "localhost", "127.1.2.3"])
    func `on loopback neither side needs TLS`(_ address: String) throws {
        #expect(try read("migration_address: '\(address)'").migrationAddress == address)
    }

    @Test func `a machine whose name is no host's name must be given one`() {
        let problem = #expect(throws: AgentError.self) { try read("cluster: a", machineName: "_x") }
        #expect(problem?.description.contains("set 'host'") == true)
        #expect(throws: Never.self) { try read("host: a", machineName: "_x") }
    }

    @Test func `a file that is not there is named`() {
        let problem = #expect(throws: AgentError.self) { try AgentConfiguration.load(file: "/nowhere/agent.yaml") }
        #expect(problem?.description == "/nowhere/agent.yaml: no such file")
    }

    @Test func `it listens only where it is told to, and beyond loopback only with TLS and a token`() throws {
        #expect(try read("").metrics == nil)
        let open = try read("metrics_listen: 127.0.0.1:7412").metrics
        #expect(open == .init(address: ListenAddress(host: "127.0.0.1", port: 7412)))
        let guarded = try read(
            """
            metrics_listen: 0.0.0.0:7412
            metrics_tls_certificate: agent.pem
            metrics_tls_key: agent.key
            metrics_token_file: /etc/scrape.token
            """)
        let files = TLSFiles(certificate: "/etc/evenkeel/agent.pem", key: "/etc/evenkeel/agent.key")
        #expect(guarded.metrics?.tls == files)
        #expect(guarded.metrics?.tokenFile == "/etc/scrape.token")
        for yaml in [
            "metrics_listen: 0.0.0.0:7412", "metrics_listen: kvm1:7412", "metrics_token_file: t",
            "metrics_listen: 0.0.0.0:7412\nmetrics_token_file: t", "metrics_listen: 127.0.0.1:1\nmetrics_tls_key: k",
            "metrics_listen: 0.0.0.0:1\nmetrics_tls_key: k\nmetrics_tls_certificate: c",
        ] {
            #expect(throws: AgentError.self, "\(yaml)") { try read(yaml) }
        }
    }
}
