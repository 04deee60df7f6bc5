import ConfigurationFile
import FleetModel
import HTTPDoor
import Foundation
import HTTPClient
import Logging
import Placement
import PromQL
import Remediation
import RemoteEngine
import SampleExport
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
            migration_limit: 9
            migration_limit_out: 2
            migration_limit_in: 3
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
        #expect(configuration.control.concurrentMigrations == 9)
        #expect(configuration.control.outgoingPerHost == 2 && configuration.control.incomingPerHost == 3)
        #expect(configuration.store.rawRetention == .seconds(10 * 86_400))
        #expect(configuration.store.rawSizeLimit == .gibibytes(10))
        #expect(configuration.store.rollupRetention == .seconds(365 * 86_400))
        #expect(configuration.store.rollupSizeLimit == .gibibytes(20))
        #expect(configuration.queries.timeLimit == .seconds(30))
        #expect(configuration.queries.sampleLimit == 1_000_000)
        #expect(configuration.queries.concurrency == 2)
        #expect(configuration.crossOrigins == ["https://grafana.example.org", "http://localhost:3000"])
    }

    @Test func theStoresLimitsAreRead() throws {
        let configuration = try read(
            """
            series_limit: 5000
            series_limit_per_host: 100
            label_limit: 20
            label_name_limit: 100
            label_value_limit: 200
            write_limit: 1MiB
            memory_limit: 100MiB
            query_max_series: 400
            query_memory_limit: 16MiB
            """)
        let store = configuration.store
        #expect(store.maximumSeries == 5000 && store.maximumSeriesPerHost == 100 && store.maximumLabels == 20)
        #expect(store.maximumNameBytes == 100)
        #expect(store.maximumValueBytes == 200)
        #expect(store.maximumSelectedSeries == 400)
        #expect(store.maximumRequestBytes == 1_048_576)
        #expect(store.maximumHeadBytes == 104_857_600)
        #expect(configuration.queries.sampleLimit == 1 << 20)
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
        ("series_limit: 0", "1:15: series_limit: '0' is not a whole number from 1 to 100000000"),
        ("series_limit: 10\nseries_limit_per_host: 11", "2:24: series_limit_per_host: it is above series_limit, 10"),
        ("label_limit: many", "1:14: label_limit:"), ("label_name_limit: 0", "label_name_limit:"),
        ("label_value_limit: 2000000", "label_value_limit:"),
        ("write_limit: 1KiB", "write_limit: '1KiB' is not a size from"),
        ("memory_limit: 1MiB", "memory_limit:"), ("query_max_series: -1", "query_max_series:"),
        ("query_memory_limit: 1", "query_memory_limit:"),
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

    // MARK: Other servers

    /// A folder with a file `secret`, for as long as `body` lasts.
    private func withSecret(_ text: String, _ body: (String) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "secret-\(UUID().uuidString)").path
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    @Test func anotherServerMayKeepTheSeries() throws {
        try withSecret("hush\n") { secret in
            let configuration = try read(
                """
                engine: remote
                query_url: http://victoria:8428/
                write_url: http://victoria:8428/api/v1/write
                engine_user: me
                engine_password_file: \(secret)
                engine_ca_file: ca.pem
                engine_timeout: 5s
                external_labels: {site: berlin, rack: "7"}
                external_url: https://evenkeel.example:7411
                """)
            let engine = try #require(configuration.remoteEngine)
            #expect(engine.queryURL == "http://victoria:8428" && engine.writeURL == "http://victoria:8428/api/v1/write")
            #expect(engine.access.credentials == .basic(user: "me", password: "hush"))
            #expect(
                engine.access.certificateAuthority == "/etc/evenkeel/ca.pem" && engine.access.timeLimit == .seconds(5))
            #expect(configuration.externalLabels == ["site": "berlin", "rack": "7"])
            #expect(configuration.externalURL == "https://evenkeel.example:7411")
            #expect(!configuration.shownYAML.contains("hush"))
        }
    }

    @Test func copiesGoToWhoeverIsListed() throws {
        try withSecret(" token ") { secret in
            let configuration = try read(
                """
                external_labels: {site: berlin}
                export:
                  - url: https://metrics.example:8443/api/v1/write
                    token_file: \(secret)
                    certificate: client.pem
                    key: client.key
                    queue_size: 100MiB
                    queue_age: 12h
                    relabel:
                      - {source_labels: [__name__, host], separator: "@", regex: "evenkeel_.*@kvm.*", action: keep}
                      - {target_label: host, replacement: ""}
                      - {action: LabelDrop, regex: "lp|mode"}
                  - {url: "http://127.0.0.1:9090/api/v1/write", name: near}
                """)
            #expect(configuration.exports.map(\.name) == ["metrics.example_8443", "near"])
            let far = try #require(configuration.exports.first)
            #expect(far.access.credentials == .bearer("token"))
            #expect(far.access.clientCertificate == "/etc/evenkeel/client.pem")
            #expect(far.queueBytes == .mebibytes(100) && far.queueAge == .seconds(43_200))
            #expect(far.externalLabels == ["site": "berlin"])
            #expect(far.rules.map(\.action) == [.keep, .replace, .labelDrop])
            #expect(far.rules.map(\.replacement) == ["$1", "", "$1"])
            #expect(configuration.shownYAML.contains("  name: near"))
        }
    }

    @Test(arguments: [
        ("engine: remote", "server.yaml:1:1: query_url"), ("engine: both", "1:9: engine: 'both'"),
        ("query_url: http://a", "1:12: query_url: it is for 'engine: remote'"),
        ("engine: remote\nquery_url: ftp://a\nwrite_url: http://a", "2:12: query_url: 'ftp://a'"),
        ("engine: remote\nquery_url: http://a:b@c\nwrite_url: http://a", "credentials do not belong into a URL"),
        ("export: 3", "1:9: export: expected a list"), ("export: [a]", "export[0]: expected keys and values"),
        ("export:\n  - {name: a}", "2:5: export[0].url: a receiver needs it"),
        ("export:\n  - {url: http://a, nam: b}", "2:21: there is no key 'export[0].nam'"),
        ("export:\n  - {url: http://a}\n  - {url: http://a}", "export[1].name: two receivers are called 'a'"),
        ("export:\n  - {url: http://a, name: ../b}", "2:27: export[0].name: '../b' is not a name"),
        ("export:\n  - {url: http://a, queue_size: 1KiB}", "queue_size: '1KiB' is not a size from 1MiB on"),
        ("export:\n  - {url: http://a, user: me}", "export[0].user: it needs 'password_file' as well"),
        ("export:\n  - {url: http://a, key: k}", "export[0].key: 'certificate' and 'key' belong together"),
        ("export:\n  - {url: http://a, token_file: /nowhere}", "token_file: /nowhere: no such file"),
        (
            "export:\n  - url: http://a\n    relabel:\n      - {action: keep, regex: '('}",
            "4:31: export[0].relabel[0].regex: invalid regular expression"
        ),
        (
            "export:\n  - url: http://a\n    relabel:\n      - {action: hashmod, target_label: a}",
            "export[0].relabel[0].action: 'hashmod' needs a 'modulus' above 0"
        ),
        ("external_labels: {__name__: a}", "'__name__' is not a label's name"),
    ])
    func otherServersThatCannotBeAreRefusedWhereTheyStand(yaml: String, reason: String) throws {
        let error = try #require(throws: ConfigurationError.self) { try read(yaml) }
        #expect(error.description.contains(reason), "\(error)")
    }
}
