import FleetModel
import Foundation
import HTTPDoor
import Hummingbird
import PromQL
import TimeSeriesStore

/// `status/...`: what the server is, how it was started and what its store holds.
struct StatusRoutes {
    /// The version of Prometheus whose API this is: readers such as Grafana choose by it what they ask.
    static let prometheusVersion = "3.5.0"

    let configuration: ServerConfiguration
    let version: String
    let started: Timestamp
    let store: TimeSeriesStore
    let reportAgeLimit: Duration
    let clock: any Clock

    func add(to group: RouterGroup<FleetRequestContext>) {
        group.serve("status/buildinfo", [.get]) { _, _ in buildInformation() }
        group.serve("status/runtimeinfo", [.get]) { _, _ in runtimeInformation() }
        group.serve("status/config", [.get]) { _, _ in
            let yaml = configuration.shownYAML
            return .success { json in json.object { $0.member("yaml", yaml) } }
        }
        group.serve("status/flags", [.get]) { _, _ in flags() }
        group.serve("status/tsdb", [.get]) { request, _ in try await statistics(request) }
        // The log is replayed before anything listens.
        group.serve("status/walreplay", [.get]) { _, _ in
            .success { json in
                json.object { json in for name in ["min", "max", "current"] { json.member(name, 0) } }
            }
        }
    }

    private func buildInformation() -> Response {
        .success { json in
            json.object { json in
                json.member("version", Self.prometheusVersion)
                json.member("revision", "evenkeel-\(version)")
                json.member("branch", "evenkeel")
                json.member("buildUser", "")
                json.member("buildDate", "")
                json.member("goVersion", "")
            }
        }
    }

    private func runtimeInformation() -> Response {
        let process = ProcessInfo.processInfo
        return .success { json in
            json.object { json in
                json.member("startTime", RequestTime.text(started))
                json.member("CWD", FileManager.default.currentDirectoryPath)
                json.member("hostname", process.hostName)
                json.member("serverTime", RequestTime.text(clock.now))
                json.member("reloadConfigSuccess", true)
                json.member("lastConfigTime", RequestTime.text(started))
                json.member("corruptionCount", 0)
                json.member("goroutineCount", 0)
                json.member("GOMAXPROCS", process.activeProcessorCount)
                json.member("GOMEMLIMIT", 0)
                json.member("GOGC", "")
                json.member("GODEBUG", "")
                json.member("storageRetention", PrometheusDuration.text(configuration.store.rawRetention))
            }
        }
    }

    /// Under Prometheus' names where it has the same.
    private func flags() -> Response {
        let queries = configuration.queries
        let flags = [
            "query.lookback-delta": PrometheusDuration.text(queries.lookBack),
            "query.max-concurrency": "\(queries.concurrency)",
            "query.max-samples": "\(queries.sampleLimit)",
            "query.timeout": PrometheusDuration.text(queries.timeLimit),
            "storage.tsdb.path": configuration.data,
            "web.cors.origin": configuration.crossOrigins.joined(separator: ","),
            "web.enable-remote-write-receiver": "true",
            "web.listen-address": configuration.listen.authority,
        ]
        return .success { json in
            json.object { json in
                for (name, value) in flags.sorted(by: { $0.key < $1.key }) { json.member(name, value) }
            }
        }
    }

    private func statistics(_ request: Request) async throws -> Response {
        let parameters = try await RequestParameters(request)
        let limit = try parameters.limit() ?? 10
        guard limit <= 10_000 else { throw APIError(.badRequest, "limit must not exceed 10000") }
        let found = store.statistics(limit: limit)
        return .success { json in
            json.object { json in
                json.object("headStats") { json in
                    json.member("numSeries", found.series)
                    json.member("numLabelPairs", found.labelPairs)
                    json.member("chunkCount", found.runs)
                    json.member("minTime", Int(found.memorySpan?.lowerBound ?? .max))
                    json.member("maxTime", Int(found.memorySpan?.upperBound ?? .min))
                }
                Self.write("seriesCountByMetricName", found.seriesByMetric, &json)
                Self.write("labelValueCountByLabelName", found.valuesByLabel, &json)
                Self.write("memoryInBytesByLabelName", found.bytesByLabel, &json)
                Self.write("seriesCountByLabelValuePair", found.seriesByPair, &json)
            }
        }
    }

    private static func write(_ name: String, _ counts: [StoreStatistics.Count], _ json: inout JSONText) {
        json.array(name) { json in
            for count in counts {
                json.object { json in
                    json.member("name", count.name)
                    json.member("value", count.value)
                }
            }
        }
    }
}
