// swift-tools-version:6.2
// The floor plan. A room imports only rooms that stand above it in this file; data flows one way through the house:
// counters -> agent -> server (store -> PromQL -> rule packs -> tips -> placement -> remediation) -> operations -> counters.
import PackageDescription

/// Every room is Swift 6, strictly concurrent and memory safe, and a warning in it is an error.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6), .strictMemorySafety(), .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility"),
]

func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}

let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")

let package = Package(
    name: "evenkeel",
    products: [.executable(name: "evenkeel", targets: ["evenkeel"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // C libraries by Debian's -dev packages, with thin shims for what Swift cannot call.
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CSnappy", providers: [.apt(["libsnappy-dev"])]),
        // Linux calls that Swift's module of the C library does not show.
        .target(name: "CLinux"),
        // What we call of libvirt, loaded when it is first needed: nothing of it is there when we are built.
        .target(name: "CLibvirt"),
        // The load guest of the demo and the tests: a firmware image in assembly, carried inside the executable.
        .target(name: "PulseGuest"),
        // Plain values, units, and the seams every other room meets at.
        room("FleetModel"),
        // Regular expressions that users write: PCRE2 with JIT and match limits.
        room("Patterns", ["CPCRE2"]),
        // All outgoing HTTP: libcurl.
        room("HTTPClient", ["CCurl", "FleetModel"]),
        // Mail: libcurl again.
        room("MailClient", ["CCurl", "FleetModel"]),
        // YAML files of keys and values that administrators write: every finding with its line.
        room("ConfigurationFile", ["FleetModel", yams]),
        // What a VM's console passes through: bounded streams, descriptors, a filter for terminals.
        room("Console", ["FleetModel"]),
        // What lets batches reach a server that is sometimes away: framed records on disk, back-off.
        room("Delivery", ["FleetModel"]),
        // What a host can say of itself: the catalogue and the readers of /proc and /sys.
        room("Counters", ["FleetModel"]),
        // VMs as QEMU processes over QMP, and the migration state machine.
        room("HostRuntime", ["CLinux", "FleetModel", logging]),
        // VMs that libvirt runs: what there is to know of them, what happens to them, and what is done to them.
        room("LibvirtRuntime", ["CLibvirt", "Delivery", "FleetModel", "HostRuntime", logging]),
        // Remote write, text exposition, snappy, gzip.
        room("MetricsWire", ["FleetModel", "CSnappy", "CZlib"]),
        // Write-ahead log, in-memory head, compressed chunks in SQLite.
        room("TimeSeriesStore", ["FleetModel", "MetricsWire", "Patterns", "CSQLite", logging]),
        // Inventory, tips, operations, commands, tokens and audit on disk.
        room("FleetState", ["FleetModel", grdb]),
        // The query seam against any Prometheus-compatible server.
        room("RemoteEngine", ["FleetModel", "HTTPClient", "MetricsWire"]),
        // Copies of all samples for other receivers: a queue on disk each, relabelling, remote write.
        room("SampleExport", ["Delivery", "FleetModel", "HTTPClient", "MetricsWire", "Patterns", logging]),
        // Who is told of which tips, when and how: grouping, silences, webhooks, Alertmanagers, mail.
        room(
            "Notifications",
            ["Delivery", "FleetModel", "HTTPClient", "MailClient", "MetricsWire", "Patterns", logging]),
        // Lexer, parser, typed AST, evaluator.
        room("PromQL", ["FleetModel", "Patterns"]),
        // Packs: rules, parameters, tips; loading, checking, evaluating.
        room("RulePacks", ["CLinux", "FleetModel", "Patterns", "PromQL", yams]),
        // Actions of a pack's own: its executables, contained, and other servers' webhooks.
        room("PlugIns", ["CLinux", "Delivery", "FleetModel", "HTTPClient"]),
        // Which VMs to move where: pure functions over a fleet snapshot.
        room("Placement", ["FleetModel"]),
        // The control round: tips, approvals, policy, executor, verification, audit, as synchronous decision cores.
        room("Remediation", ["FleetModel", "HostRuntime", "Placement", "RulePacks"]),
        // Drives the real cores under a virtual clock with seeded faults.
        room(
            "Simulation",
            ["FleetModel", "FleetState", "Placement", "PromQL", "Remediation", "RulePacks"]),
        // What everything that listens shares: its address, TLS, who is kept out, compression, the page of metrics.
        room(
            "HTTPDoor",
            [
                "MetricsWire", logging,
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
            ]),
        // I/O shell of a host: sampling, spool, push, command poll.
        room(
            "HostAgent",
            [
                "ConfigurationFile", "Console", "Counters", "Delivery", "FleetModel", "HTTPClient", "HTTPDoor",
                "HostRuntime", "MetricsWire",
                logging, lifecycle,
            ]),
        // I/O shell of the server: HTTP, authentication, timers.
        room(
            "FleetServer",
            [
                "CLinux", "ConfigurationFile", "Console", "Counters", "Delivery", "FleetModel", "FleetState",
                "HTTPClient",
                "HTTPDoor",
                "MailClient", "MetricsWire", "Notifications", "Patterns", "Placement", "PlugIns", "PromQL",
                "Remediation", "RemoteEngine", "RulePacks", "SampleExport", "TimeSeriesStore", logging, lifecycle,
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
            ]),
        // The command line as a library: a folder a noun, a file a verb.
        room(
            "Commands",
            [
                "ConfigurationFile", "Console", "Counters", "FleetModel", "FleetServer", "FleetState", "HostAgent",
                "HostRuntime", "HTTPClient", "HTTPDoor", "LibvirtRuntime", "MetricsWire", "Placement", "PlugIns",
                "PromQL",
                "PulseGuest", "Remediation", "RulePacks", "Simulation",
                "TimeSeriesStore",
                logging,
                lifecycle,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        // The one executable.
        .executableTarget(name: "evenkeel", dependencies: ["Commands"], swiftSettings: strict),

        // Tests, a target for each room; those at the end put the house together.
        tests("FleetModelTests", ["FleetModel"]),
        tests("PatternsTests", ["Patterns"]),
        tests("HTTPClientTests", ["HTTPClient"]),
        tests("ConfigurationFileTests", ["ConfigurationFile"]),
        tests("ConsoleTests", ["Console", "FleetModel"]),
        tests("CountersTests", ["Counters", "FleetModel"], exclude: ["Golden"]),
        tests("HostRuntimeTests", ["Counters", "FleetModel", "HostRuntime", "PulseGuest", logging]),
        tests(
            "LibvirtRuntimeTests", ["FleetModel", "HTTPClient", "HostRuntime", "LibvirtRuntime", "evenkeel", logging]),
        tests("MetricsWireTests", ["FleetModel", "MetricsWire"]),
        tests("TimeSeriesStoreTests", ["CSQLite", "FleetModel", "MetricsWire", "TimeSeriesStore", logging]),
        tests("FleetStateTests", ["FleetModel", "FleetState", grdb]),
        tests("PromQLTests", ["FleetModel", "Patterns", "PromQL"]),
        tests(
            "RemoteEngineTests",
            [
                "FleetModel", "HTTPClient", "MetricsWire", "PromQL", "RemoteEngine", "RulePacks", "SampleExport",
                "TimeSeriesStore", logging,
            ]),
        tests("SampleExportTests", ["FleetModel", "HTTPClient", "MetricsWire", "SampleExport", logging]),
        tests(
            "NotificationsTests",
            ["FleetModel", "HTTPClient", "MailClient", "MetricsWire", "Notifications", logging]),
        tests("RulePacksTests", ["FleetModel", "PromQL", "Remediation", "RulePacks"]),
        tests("PlugInsTests", ["Delivery", "FleetModel", "HTTPClient", "PlugIns", "evenkeel"]),
        tests("PlacementTests", ["FleetModel", "Placement"]),
        tests(
            "RemediationTests", ["FleetModel", "HostRuntime", "Placement", "PromQL", "Remediation", "RulePacks"]),
        tests("SimulationTests", ["FleetModel", "FleetState", "Placement", "Remediation", "RulePacks", "Simulation"]),
        tests(
            "HostAgentTests",
            [
                "Console", "Counters", "Delivery", "FleetModel", "HTTPClient", "HTTPDoor", "HostAgent", "MetricsWire",
                logging,
                lifecycle,
            ]),
        tests(
            "HTTPDoorTests",
            [
                "HTTPDoor", "MetricsWire",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
            ]),
        tests(
            "FleetServerTests",
            [
                "ConfigurationFile", "FleetModel", "FleetServer", "FleetState", "HTTPClient", "HTTPDoor", "MailClient",
                "MetricsWire", "Notifications", "Placement",
                "PromQL", "Remediation", "RemoteEngine", "RulePacks", "SampleExport", "TimeSeriesStore", logging,
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "Hummingbird", package: "hummingbird"),
            ]),
        tests(
            "CommandsTests",
            [
                "Commands", "ConfigurationFile", "Counters", "FleetModel", "FleetServer", "HTTPClient", "Placement",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        tests(
            "EndToEndTests",
            ["Commands", "FleetModel", "FleetServer", "HTTPClient", "HostRuntime", "MetricsWire", "evenkeel", grdb]),
    ]
)

// Fuzzers, for `make fuzz` only: libFuzzer brings the main function.
if Context.environment["EVENKEEL_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "Fuzz",
            dependencies: [
                "Console", "Counters", "FleetModel", "FleetServer", "HostRuntime", "LibvirtRuntime", "MetricsWire",
                "Patterns", "PlugIns", "PromQL", "Remediation", "RulePacks", "TimeSeriesStore",
            ],
            path: "Fuzz", swiftSettings: strict))
}
