import FleetModel
import Hummingbird

/// `targets`, `scrape_pools` and `alertmanagers`: agents stand for targets, although they push. Nothing else is scraped,
/// and alerts are told to nobody: they become tips.
struct TargetRoutes {
    /// The one pool that all agents are in.
    static let pool = "evenkeel-agents"

    let controller: FleetController
    /// A host that has said nothing for longer is down.
    let reportAgeLimit: Duration
    let clock: any Clock

    func add(to group: RouterGroup<FleetRequestContext>) {
        group.serve("targets", [.get]) { request, _ in try await targets(request) }
        group.serve("scrape_pools", [.get]) { _, _ in
            .success { json in json.object { $0.member("scrapePools", [Self.pool]) } }
        }
        group.serve("alertmanagers", [.get]) { _, _ in
            .success { json in
                json.object { json in
                    json.array("activeAlertmanagers") { _ in }
                    json.array("droppedAlertmanagers") { _ in }
                }
            }
        }
    }

    /// What identifies an agent among targets.
    static func labels(of record: HostRecord) -> Labels {
        let (host, cluster) = (record.report.host.text, record.report.cluster.text)
        return ["job": pool, "instance": host, "host": host, "cluster": cluster]
    }

    private func targets(_ request: Request) async throws -> Response {
        let parameters = try await RequestParameters(request)
        let state = (parameters["state"] ?? "").lowercased()
        let isShown = ["", "any", "active"].contains(state)
        let isInPool = (parameters["scrapePool"] ?? "").isEmpty || parameters["scrapePool"] == Self.pool
        let hosts = controller.view.withLock { $0.hosts }.sorted { $0.report.host < $1.report.host }
        return .success { json in
            json.object { json in
                json.array("activeTargets") { json in
                    guard isShown, isInPool else { return }
                    for host in hosts { write(host, to: &json) }
                }
                json.array("droppedTargets") { _ in }
                json.object("droppedTargetCounts") { _ in }
            }
        }
    }

    private func write(_ record: HostRecord, to json: inout JSONText) {
        let age = clock.now - record.received
        let isUp = age <= reportAgeLimit
        json.object { json in
            json.object("discoveredLabels") { json in
                json.member("__address__", record.report.host.text)
                json.member("job", Self.pool)
            }
            json.key("labels")
            json.labels(Self.labels(of: record))
            json.member("scrapePool", Self.pool)
            // Agents connect out: there is no address to scrape.
            json.member("scrapeUrl", "")
            json.member("globalUrl", "")
            json.member("lastError", isUp ? "" : "the agent has not reported for \(PrometheusDuration.text(age))")
            json.member("lastScrape", RequestTime.text(record.received))
            json.member("lastScrapeDuration", 0)
            json.member("health", isUp ? "up" : "down")
            json.member("scrapeInterval", "0s")
            json.member("scrapeTimeout", "0s")
        }
    }
}
