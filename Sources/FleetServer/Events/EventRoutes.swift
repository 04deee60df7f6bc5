import FleetModel
import Foundation
import HTTPTypes
import Hummingbird

/// What a Prometheus that takes this server for an Alertmanager calls, and what Grafana and `amtool` read of it: the
/// part of Alertmanager's API (`api/v2/openapi.yaml`) that is about alerts.
struct EventRoutes {
    /// The most bytes that a request may have.
    private static let largest = 16 << 20
    /// The version of Alertmanager whose API this is.
    private static let version = "0.27.0"

    let desk: EventDesk
    let revision: String
    let started: Timestamp

    func add(to router: Router<FleetRequestContext>) {
        let group = router.group("/api/v2").add(middleware: OperatorsOnly())
        group.serve("alerts", [.get, .post]) { request, _ in
            request.method == .post ? try await receive(request) : try list()
        }
        group.serve("status", [.get]) { _, _ in status() }
        group.serve("receivers", [.get]) { _, _ in try FleetJSON.response([Shown.Receiver()]) }
    }

    private func receive(_ request: Request) async throws -> Response {
        let body = try await request.collected(upTo: Self.largest)
        let batch = try ForeignAlertReader(limits: desk.limits).batch(of: Data(body.readableBytesView))
        let receipt = try desk.receive(batch.alerts)
        if receipt.refused > 0 {
            throw APIError(
                .tooManyRequests,
                "\(receipt.refused) alerts were not taken: \(desk.limits.active) are active already",
                retryAfterSeconds: 60)
        }
        if !batch.problems.isEmpty {
            let rest = batch.problems.count > 5 ? "; and \(batch.problems.count - 5) more" : ""
            throw APIError(.badRequest, batch.problems.prefix(5).joined(separator: "; ") + rest)
        }
        return Response(status: .ok)
    }

    private func list() throws -> Response { try FleetJSON.response(desk.active.map(Shown.init)) }

    private func status() -> Response {
        var json = JSONText()
        json.object { json in
            json.object("cluster") { json in
                json.member("status", "disabled")
                json.array("peers") { _ in }
            }
            json.object("versionInfo") { json in
                json.member("version", Self.version)
                json.member("revision", "evenkeel-\(revision)")
                for name in ["branch", "buildUser", "buildDate", "goVersion"] { json.member(name, "") }
            }
            json.object("config") { $0.member("original", "") }
            json.member("uptime", RequestTime.text(started))
        }
        return Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: json.bytes)))
    }
}

/// An alert as Alertmanager shows it.
private struct Shown: Encodable {
    struct Receiver: Encodable { var name = "evenkeel" }
    struct Status: Encodable {
        var state = "active"
        var silencedBy: [String] = []
        var inhibitedBy: [String] = []
    }

    let labels: Labels
    let annotations: [String: String]
    let startsAt: String
    let endsAt: String
    let updatedAt: String
    let generatorURL: String
    let fingerprint: String
    let receivers = [Receiver()]
    let status = Status()

    init(_ event: EventBook.Event) {
        labels = event.alert.labels
        annotations = event.alert.annotations
        startsAt = RequestTime.text(event.alert.startsAt ?? event.firstHeard)
        endsAt = RequestTime.text(event.end)
        updatedAt = RequestTime.text(event.lastHeard)
        generatorURL = event.alert.generatorURL
        fingerprint = event.alert.labels.fingerprint
    }
}

extension Labels {
    /// 16 hexadecimal digits that tell one set of labels from another: FNV-1a over names and values, each ended by 0xff
    /// (prometheus `model/labels`: `LabelSet.Fingerprint`).
    var fingerprint: String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for pair in pairs {
            for byte in Array(pair.name.utf8) + [0xff] + Array(pair.value.utf8) + [0xff] {
                hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
            }
        }
        let text = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}
