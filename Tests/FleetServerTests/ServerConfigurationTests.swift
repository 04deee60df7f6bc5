import ConfigurationFile
import FleetModel
import HTTPDoor
import Logging
import Placement
import PromQL
import Remediation
import Testing
import TimeSeriesStore

@testable import FleetServer

@Suite struct ServerConfigurationTests {
    private func read(_ yaml: String) throws -> ServerConfiguration {
        try ServerConfiguration(yaml: yaml, file: "/etc/evenkeel/server.yaml", bundledPacks: nil)
    }

    @Test func withoutAWordItListensOnLoopbackAndLetsOperatorsDecide() throws {
        let configuration = try read("")
        #expect(configuration.listen == ListenAddress(host: "127.0.0.1", port: 7411))
        #expect(configuration.control.standardLevel == .operator)
        #expect(configuration.tls == nil)
        #expect(configuration.packSpeed == 1)
    }

    @Test func everyKeyIsRead() throws {
        let configuration = try read(
            """
            data: data
            listen: "[::]:7411"
            tls_certificate: server.pem
            tls_key: /etc/key.pem
            pack_speed: 6
            evaluation_interval: 1m30s
            automation: automatic
            processor_ceiling: 80
            memory_ceiling: 95
            migration_bandwidth: 100MiB
            migration_downtime: 500ms
            migration_time_limit: 5m
            raw_retention: 10d
            raw_size_limit: 10GiB
            rollup_retention: 1y
            rollup_size_limit: 20GiB
            query_timeout: 30s
            query_max_samples: 1000000
            query_max_concurrency: 2
            cors_origins: https://grafana.example.org, http://localhost:3000
            """)
        #expect(configuration.data == "/etc/evenkeel/data")
        #expect(configuration.listen == ListenAddress(host: "::", port: 7411))
        let tls = TLSFiles(certificate: "/etc/evenkeel/server.pem", key: "/etc/key.pem")
        #expect(configuration.tls == tls)
        #expect(configuration.packSpeed == 6)
        #expect(configuration.evaluationInterval == .seconds(90))
        #expect(configuration.control.standardLevel == .automatic)
        #expect(configuration.control.planner.processorCeiling == 0.8)
        #expect(configuration.control.planner.memoryCeiling == 0.95)
        #expect(configuration.control.migration.bandwidthLimit == .mebibytes(100))
        #expect(configuration.control.migration.downtimeLimitMilliseconds == 500)
        #expect(configuration.control.migration.timeLimitSeconds == 300)
        #expect(configuration.store.rawRetention == .seconds(10 * 86_400))
        #expect(configuration.store.rawSizeLimit == .gibibytes(10))
        #expect(configuration.store.rollupRetention == .seconds(365 * 86_400))
        #expect(configuration.store.rollupSizeLimit == .gibibytes(20))
        #expect(configuration.queries.timeLimit == .seconds(30))
        #expect(configuration.queries.sampleLimit == 1_000_000)
        #expect(configuration.queries.concurrency == 2)
        #expect(configuration.crossOrigins == ["https://grafana.example.org", "http://localhost:3000"])
    }

    @Test(arguments: [
        ("listen: kvm1:7411", "server.yaml:1:9: listen:"), ("tls_key: k", "server.yaml:1:10: tls_key:"),
        ("automation: yes please", "server.yaml:1:13: automation:"), ("pack_speed: 0", "server.yaml:1:13: pack_speed:"),
        ("migration_bandwidth: fast", "migration_bandwidth:"), ("colour: red", "there is no key 'colour'"),
        ("packs: /no/such/folder", "/no/such/folder cannot be read"), ("query_timeout: never", "1:16: query_timeout:"),
        ("query_max_samples: 0", "query_max_samples:"), ("cors_origins: grafana.example.org", "is not an origin"),
        ("raw_retention: 12h", "1:16: raw_retention:"), ("rollup_retention: 30d", "1:19: rollup_retention:"),
        ("raw_retention: 3y", "rollup_retention: rollups must be kept at least as long"),
        ("rollup_retention: 0\nrollup_size_limit: 1GiB", "2:20: rollup_size_limit:"),
        ("raw_size_limit: lots", "raw_size_limit:"),
        ("cors_origins: https://grafana.example.org/", "is not an origin"),
    ])
    func whatCannotBeIsRefusedWhereItStands(yaml: String, place: String) throws {
        let error = #expect(throws: ConfigurationError.self) { try read(yaml) }
        #expect(error?.description.contains(place) == true)
    }

    @Test func beyondLoopbackNothingListensWithoutTLS() throws {
        let configuration = try read("listen: 0.0.0.0:7411\ndata: /nonexistent")
        #expect(throws: ServerError.unprotected(address: "0.0.0.0:7411")) {
            try FleetServerService(configuration: configuration, version: "test", logger: .init(label: "test"))
        }
    }
}
