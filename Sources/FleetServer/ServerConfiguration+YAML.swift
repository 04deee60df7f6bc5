import ConfigurationFile
import FleetModel
import HTTPDoor
import Placement
import PromQL
import Remediation
import TimeSeriesStore

extension ServerConfiguration {
    /// Reads and checks the file at `path`.
    ///
    /// ```yaml
    /// # Every key, with its default or an example. Relative paths count from the folder of this file.
    /// data: /var/lib/evenkeel           # series and state
    /// listen: 127.0.0.1:7411            # beyond loopback only with TLS and tokens
    /// tls_certificate: server.pem       # PEM, with those between it and its authority
    /// tls_key: server.key               # PEM
    /// packs: /usr/local/share/evenkeel/rules   # a folder or a rule file a pack; default: the bundled ones
    /// pack_speed: 1                     # packs' ranges and waits run so many times as fast; for demonstrations
    /// evaluation_interval: 15s          # from one evaluation of the rules to the next
    /// raw_retention: 31d                # how long samples are kept; whole days (UTC) go
    /// raw_size_limit: 100GiB            # beyond this the oldest days of samples go first; default: no limit
    /// rollup_retention: 2y              # how long buckets of five minutes are kept; 0 for none
    /// rollup_size_limit: 100GiB         # likewise; they are kept in files of 32 days
    /// series_limit: 2000000             # series that are kept; more are refused by name, and the others taken
    /// series_limit_per_host: 20000      # likewise for each value of the label host; default: no limit of its own
    /// label_limit: 64                   # labels of a series; its name counts
    /// label_name_limit: 512             # bytes
    /// label_value_limit: 4096           # bytes
    /// write_limit: 64MiB                # a write request, decompressed
    /// memory_limit: 2GiB                # samples in memory; beyond it senders hear 429 and send again
    /// query_timeout: 2m                 # the longest that a query waits and runs
    /// query_max_samples: 50000000       # the most samples that a query holds in memory
    /// query_max_series: 2000000         # series that one selector may select
    /// query_memory_limit: 800MiB        # samples in memory, 16 bytes each, beside query_max_samples: the lesser counts
    /// query_max_concurrency: 4          # how many queries run at once; more wait in line
    /// cors_origins: https://grafana.example   # web pages that may read the Prometheus API; commas between; default none
    /// engine: embedded                  # embedded, or remote: another Prometheus-compatible server keeps the series
    /// query_url: http://victoria:8428   # of the remote engine; /api/v1/query is appended
    /// write_url: http://victoria:8428/api/v1/write   # of the remote engine
    /// engine_token_file: engine.token   # or engine_user and engine_password_file; how to speak to the remote engine
    /// engine_ca_file: ca.pem            # certificates to trust in place of the system's
    /// engine_certificate: client.pem    # our own for TLS, with engine_key
    /// engine_timeout: 30s               # how long one request to it may take
    /// external_labels: {site: berlin}   # in copies of samples and in the texts of alerts
    /// external_url: https://evenkeel.example:7411   # where people reach this server; default: where it listens
    /// export:                           # who gets a copy of every sample, by remote write
    ///   - url: https://metrics.example/api/v1/write
    ///     name: central                 # in metrics and logs; default: the URL's host and port
    ///     token_file: central.token     # also user, password_file, ca_file, certificate, key, timeout
    ///     queue_size: 1GiB              # waits on disk while the receiver is away; the oldest is dropped beyond this
    ///     queue_age: 7d                 # and what has waited longer
    ///     relabel:                      # as Prometheus' write_relabel_configs
    ///       - {source_labels: [__name__], regex: "evenkeel_.*", action: keep}
    /// notify:                           # who is told of tips; a list of webhook, alertmanager and email
    ///   - webhook: https://chat.example/hook    # a JSON document by POST
    ///     secret_file: hook.secret      # signs it: X-Evenkeel-Signature: sha256=HMAC of the body
    ///     name: chat                    # in metrics and logs; default: the host and port
    ///     match: ['level=critical', 'cluster=~"prod-.*"']   # only these tips; default: all
    ///     events: [raised, waiting, resolved, failed, closed]   # what is news; this is the default
    ///     group_by: [cluster]           # of cluster, pack, level, host: what goes into one message; this is the default
    ///     group_wait: 30s               # how long a new group waits for more
    ///     group_interval: 5m            # how long further news of a group wait
    ///     repeat_interval: 4h           # after how long what lasts is told again
    ///                                   # also token_file, user, password_file, ca_file, certificate, key, timeout
    ///   - alertmanager: https://alertmanager.example     # tips are alerts there, told of once a minute
    ///   - email: [ops@example.org]      # addresses
    ///     from: evenkeel@example.org
    ///     smtp: smtp.example.org:587
    ///     smtp_tls: starttls            # or tls; off on loopback only
    ///     user: evenkeel                # with password_file; also ca_file, timeout
    /// plug_in_secret_file: hooks.secret  # signs what webhooks of packs get, as notifications are signed
    /// automation: operator              # off, advise, operator or automatic, where no policy was set
    /// processor_ceiling: 75             # percent, up to 1000: no move leaves a host above this
    /// memory_ceiling: 90                # percent: likewise
    /// migration_bandwidth: 1GiB         # a second, for each migration; default: QEMU's
    /// migration_downtime: 300ms         # how long a guest may be halted
    /// migration_time_limit: 2m          # or twice what is expected; then a migration is called off and the VM stays
    /// migration_limit: 4                # migrations at a time in the fleet
    /// migration_limit_out: 1            # off one host
    /// migration_limit_in: 1             # to one host
    /// migration_post_copy: off          # on: a guest may go on at its destination before its memory is there
    /// migration_quick: off              # on: a guest may be halted, saved to a shared folder and restored
    /// ```
    public static func load(file path: String, bundledPacks: String?) throws(ConfigurationError) -> ServerConfiguration
    {
        try ServerConfiguration(
            yaml: ConfigurationReader.text(ofFile: path), file: path, bundledPacks: bundledPacks)
    }

    /// Reads and checks YAML; `file` names it in errors and is where relative paths count from.
    public init(yaml: String, file: String, bundledPacks: String?) throws(ConfigurationError) {
        var reader = try ConfigurationReader(yaml: yaml, file: file)
        let listen = try reader.value("listen", Self.address) ?? ListenAddress(host: "127.0.0.1", port: 7411)
        self.init(data: try reader.path("data") ?? "/var/lib/evenkeel", listen: listen)
        tls = try Self.tls(&reader)
        packFolder = try reader.path("packs") ?? bundledPacks
        packs = try PackFolders.inside(packFolder, file: file)
        packSpeed = try reader.value("pack_speed") { Self.number($0, in: 1...1000, "times") } ?? packSpeed
        evaluationInterval = try reader.value("evaluation_interval", Self.span) ?? evaluationInterval
        control.standardLevel = try reader.value("automation", Self.level) ?? control.standardLevel
        try readLimits(&reader)
        try readQueries(&reader)
        try readRetention(&reader)
        try readEngine(&reader)
        try readExports(&reader)
        try readNotifications(&reader)
        plugInSecret = try reader.secret("plug_in_secret_file").map { Array($0.utf8) }
        try readStoreLimits(&reader)
        try reader.refuseUnknownKeys()
    }

    private mutating func readLimits(_ reader: inout ConfigurationReader) throws(ConfigurationError) {
        let percent: (String) -> ConfigurationReader.Parsed<Double> = { Self.number($0, in: 1...100, "percent") }
        let promised: (String) -> ConfigurationReader.Parsed<Double> = { Self.number($0, in: 1...1000, "percent") }
        if let ceiling = try reader.value("processor_ceiling", promised) {
            control.planner.processorCeiling = ceiling / 100
        }
        if let ceiling = try reader.value("memory_ceiling", percent) { control.planner.memoryCeiling = ceiling / 100 }
        control.migration.bandwidthLimit = try reader.value("migration_bandwidth", Self.size)
        if let limit = try reader.value("migration_downtime", Self.span) {
            control.migration.downtimeLimitMilliseconds = Int(limit.milliseconds)
        }
        if let limit = try reader.value("migration_time_limit", Self.span) {
            control.migration.timeLimitSeconds = max(1, Int(limit.milliseconds / 1000))
        }
        let most: (String) -> ConfigurationReader.Parsed<Double> = { Self.number($0, in: 1...1000, "migrations") }
        control.concurrentMigrations = try reader.value("migration_limit", most).map { Int($0) } ?? 4
        control.outgoingPerHost = try reader.value("migration_limit_out", most).map { Int($0) } ?? 1
        control.incomingPerHost = try reader.value("migration_limit_in", most).map { Int($0) } ?? 1
        control.migration.policy.postCopy = try reader.value("migration_post_copy", Self.onOrOff) ?? false
        control.migration.policy.quick = try reader.value("migration_quick", Self.onOrOff) ?? false
    }

    private mutating func readQueries(_ reader: inout ConfigurationReader) throws(ConfigurationError) {
        queries.timeLimit = try reader.value("query_timeout", Self.span) ?? queries.timeLimit
        let count = try reader.value("query_max_samples") { Self.number($0, in: 1...1e12, "samples") }
        queries.sampleLimit = count.map { Int($0) } ?? queries.sampleLimit
        let running = try reader.value("query_max_concurrency") { Self.number($0, in: 1...1024, "queries") }
        queries.concurrency = running.map { Int($0) } ?? queries.concurrency
        crossOrigins = try reader.value("cors_origins", Self.origins) ?? []
    }

    private static func tls(_ reader: inout ConfigurationReader) throws(ConfigurationError) -> TLSFiles? {
        switch (try reader.path("tls_certificate"), try reader.path("tls_key")) {
        case (nil, nil): return nil
        case (let certificate?, let key?): return TLSFiles(certificate: certificate, key: key)
        case (_?, nil): throw reader.problem("tls_certificate", "it needs 'tls_key' as well")
        case (nil, _?): throw reader.problem("tls_key", "it needs 'tls_certificate' as well")
        }
    }

    // MARK: Values; each is a value, or the reason why the text is none.

    private static func address(_ text: String) -> ConfigurationReader.Parsed<ListenAddress> {
        ListenAddress(parsing: text).map { .value($0) }
            ?? .problem("'\(text)' is not a numeric address and a port, such as 127.0.0.1:7411 or [::]:7411")
    }

    /// `*`, or origins as browsers write them, separated by commas.
    private static func origins(_ text: String) -> ConfigurationReader.Parsed<[String]> {
        let origins = text.split(separator: ",").map { String($0.trimmed) }
        for origin in origins where origin != "*" {
            let parts = origin.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
            let isOrigin = parts.count == 2 && ["http", "https"].contains(parts[0]) && !parts[1].isEmpty
            guard isOrigin, !parts[1].contains(where: { "/?# ".contains($0) }), origin == origin.lowercased() else {
                return .problem("'\(origin)' is not an origin such as https://grafana.example.org, nor *")
            }
        }
        return .value(origins)
    }

    private static func onOrOff(_ text: String) -> ConfigurationReader.Parsed<Bool> {
        switch text {
        case "on", "true": .value(true)
        case "off", "false": .value(false)
        default: .problem("'\(text)' is neither on nor off")
        }
    }

    private static func level(_ text: String) -> ConfigurationReader.Parsed<AutomationLevel> {
        let known = AutomationLevel.allCases.map(\.rawValue).joined(separator: ", ")
        return AutomationLevel(rawValue: text).map { .value($0) } ?? .problem("'\(text)' is none of \(known)")
    }

    static func span(_ text: String) -> ConfigurationReader.Parsed<Duration> {
        guard let seconds = PrometheusDuration.seconds(text), (0.1...86_400).contains(seconds) else {
            return .problem("'\(text)' is not a span from 100ms to 1d, such as 15s or 2m")
        }
        return .value(.milliseconds(Int64(seconds * 1000)))
    }

    static func size(_ text: String) -> ConfigurationReader.Parsed<Bytes> {
        guard let size = Bytes(parsing: text), size > .zero else {
            return .problem("'\(text)' is not a size; write a whole number and KiB, MiB, GiB or TiB")
        }
        return .value(size)
    }

    private static func number(
        _ text: String, in range: ClosedRange<Double>, _ unit: String
    ) -> ConfigurationReader.Parsed<Double> {
        guard let number = Double(text), range.contains(number) else {
            return .problem("'\(text)' is not a number from \(range.lowerBound) to \(range.upperBound) (\(unit))")
        }
        return .value(number)
    }
}

extension ServerConfiguration {
    /// What is in force, in YAML, for whoever asks the API; never a secret.
    var shownYAML: String {
        var lines = ["data: \(data)", "listen: \"\(listen.authority)\""]
        if let tls { lines += ["tls_certificate: \(tls.certificate)", "tls_key: \(tls.key)"] }
        lines += [
            "pack_speed: \(packSpeed)", "evaluation_interval: \(PrometheusDuration.text(evaluationInterval))",
            "query_timeout: \(PrometheusDuration.text(queries.timeLimit))",
            "query_max_samples: \(queries.sampleLimit)", "query_max_concurrency: \(queries.concurrency)",
            "automation: \(control.standardLevel.rawValue)",
            "processor_ceiling: \(control.planner.processorCeiling * 100)",
            "memory_ceiling: \(control.planner.memoryCeiling * 100)",
            "migration_limit: \(control.concurrentMigrations)", "migration_limit_out: \(control.outgoingPerHost)",
            "migration_limit_in: \(control.incomingPerHost)",
        ]
        lines += [
            "raw_retention: \(PrometheusDuration.text(store.rawRetention))",
            "rollup_retention: \(PrometheusDuration.text(store.rollupRetention))",
        ]
        lines += [
            "series_limit: \(store.maximumSeries)", "label_limit: \(store.maximumLabels)",
            "label_name_limit: \(store.maximumNameBytes)", "label_value_limit: \(store.maximumValueBytes)",
            "write_limit: \(store.maximumRequestBytes)", "memory_limit: \(store.maximumHeadBytes)",
            "query_max_series: \(store.maximumSelectedSeries)",
        ]
        if let limit = store.maximumSeriesPerHost { lines.append("series_limit_per_host: \(limit)") }
        if let limit = store.rawSizeLimit { lines.append("raw_size_limit: \(limit.count)") }
        if let limit = store.rollupSizeLimit { lines.append("rollup_size_limit: \(limit.count)") }
        if !crossOrigins.isEmpty { lines.append("cors_origins: \(crossOrigins.joined(separator: ","))") }
        lines += shownPeers
        return lines.joined(separator: "\n") + "\n"
    }
}
