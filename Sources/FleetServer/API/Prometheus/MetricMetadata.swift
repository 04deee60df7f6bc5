import Counters
import FleetModel
import MetricsWire

/// What is known of metrics besides their samples: type, help and unit, from the catalogue of counters, from the
/// server's own page of metrics, and from those who write here.
final class MetricMetadata: Sendable {
    /// The most metrics of others that are remembered; they are told again and again, so that none is missed for long.
    private static let mostForeign = 20_000
    /// The longest text that is kept of one.
    private static let longestText = 1024

    struct Entry: Hashable, Sendable {
        var kind: String
        var help: String
        var unit: String
    }

    private let own: @Sendable () -> [TextExposition.Family]
    private let foreign = Locked([String: Entry]())

    /// `own` gives the families of the server's page.
    init(own: @escaping @Sendable () -> [TextExposition.Family]) { self.own = own }

    /// Takes what a remote-write request without samples says; one that cannot be read teaches nothing.
    func learn(fromRemoteWrite body: [UInt8]) {
        guard let bytes = try? Snappy.decompress(body, limit: 4 << 20) else { return }
        guard let told = unsafe try? RemoteWriteMetadata.read(bytes.span.bytes) else { return }
        foreign.withLock { known in
            for one in told where known[one.metric] != nil || known.count < Self.mostForeign {
                known[one.metric] = Entry(
                    kind: one.kind.name, help: String(one.help.prefix(Self.longestText)),
                    unit: String(one.unit.prefix(Self.longestText)))
            }
        }
    }

    /// Everything that is known; the catalogue counts most, others' word least.
    func all() -> [String: Entry] {
        var result = foreign.withLock { $0 }
        for family in own() {
            result[family.name] = Entry(kind: Self.kind(family.kind), help: family.help, unit: family.unit)
        }
        result.merge(agents()) { _, catalogue in catalogue }
        return result
    }

    /// What agents write, by the catalogue.
    func agents() -> [String: Entry] {
        let entries = Counter.allCases.map(\.entry).map { entry in
            (entry.name, Entry(kind: entry.kind.rawValue, help: entry.help, unit: entry.unit))
        }
        return Dictionary(entries, uniquingKeysWith: { first, _ in first })
    }

    private static func kind(_ kind: TextExposition.Kind) -> String {
        kind == .untyped ? "unknown" : kind.rawValue
    }
}
