import FleetModel
import Foundation
import HTTPTypes

/// Reads the body of Alertmanager's `POST /api/v2/alerts`:
/// ```
/// [{"labels": {"alertname": "FanFailed", "instance": "kvm1:9100", "severity": "critical"},
///   "annotations": {"summary": "Fan 3 stands still"},
///   "startsAt": "2026-01-31T12:00:00Z", "endsAt": "2026-01-31T12:04:00Z", "generatorURL": "http://prometheus/..."}]
/// ```
/// Only `labels` must be there. A time of the year 1, which is how Go writes none, is none.
struct ForeignAlertReader {
    /// What is kept of the annotations.
    static let shownAnnotations = ["summary", "description", "runbook_url"]

    let limits: ForeignAlertLimits

    /// What a body holds: what can be taken, and what is wrong with the others.
    struct Batch {
        var alerts: [ForeignAlert] = []
        var problems: [String] = []
    }

    /// Throws `APIError` where the body is no list of alerts or has too many; an alert that is wrong by itself is among
    /// the problems, and the others are taken, as Alertmanager does.
    func batch(of body: Data) throws -> Batch {
        let posted: [Posted]
        do {
            let decoder = JSONDecoder()
            if let key = Posted.limitKey { decoder.userInfo[key] = limits.alerts }
            posted = try decoder.decode(Posted.List.self, from: body).alerts
        } catch let error as DecodingError {
            throw APIError(.badRequest, "the body is not a list of alerts: \(FleetJSON.explain(error))")
        }
        var batch = Batch()
        for (place, alert) in posted.enumerated() {
            do throws(Problem) {
                batch.alerts.append(try checked(alert))
            } catch {
                batch.problems.append("alert \(place + 1): \(error.reason)")
            }
        }
        return batch
    }

    // MARK: One alert

    private struct Problem: Error { let reason: String }

    private func checked(_ posted: Posted) throws(Problem) -> ForeignAlert {
        let labels = posted.labels.filter { !$0.value.isEmpty }
        if labels.isEmpty { throw Problem(reason: "it has no labels") }
        if labels.count > limits.labels {
            throw Problem(reason: "it has \(labels.count) labels; at most \(limits.labels) are taken")
        }
        for (name, value) in labels.sorted(by: { $0.key < $1.key }) { try check(name, value) }
        var alert = ForeignAlert(labels: Labels(labels))
        for name in Self.shownAnnotations {
            if let text = posted.annotations?[name] { alert.annotations[name] = String(text.prefix(limits.annotation)) }
        }
        alert.startsAt = try time(posted.startsAt, "startsAt")
        alert.endsAt = try time(posted.endsAt, "endsAt")
        if let start = alert.startsAt, let end = alert.endsAt, end < start {
            throw Problem(reason: "it ends before it starts")
        }
        alert.generatorURL = String((posted.generatorURL ?? "").prefix(limits.annotation))
        return alert
    }

    private func check(_ name: String, _ value: String) throws(Problem) {
        let shown = String(name.prefix(60))
        if name.isEmpty { throw Problem(reason: "a label has no name") }
        if name.hasPrefix("__") { throw Problem(reason: "'\(shown)' is not a label's name: '__' is not for senders") }
        if name.utf8.count > limits.nameBytes {
            throw Problem(reason: "the name '\(shown)...' has more than \(limits.nameBytes) bytes")
        }
        if value.utf8.count > limits.valueBytes {
            throw Problem(reason: "the value of '\(shown)' has more than \(limits.valueBytes) bytes")
        }
    }

    private func time(_ text: String?, _ name: String) throws(Problem) -> Timestamp? {
        guard let text, !text.isEmpty else { return nil }
        guard Double(text) == nil, let moment = RequestTime.moment(text) else {
            throw Problem(reason: "\(name): '\(text.prefix(60))' is not a time in RFC 3339")
        }
        return moment.milliseconds > 0 ? moment : nil
    }
}

/// An alert as it is posted, unchecked.
private struct Posted: Decodable {
    static let limitKey = CodingUserInfoKey(rawValue: "most alerts")

    var labels: [String: String]
    var annotations: [String: String]?
    var startsAt: String?
    var endsAt: String?
    var generatorURL: String?

    /// A list that stops at its limit.
    struct List: Decodable {
        var alerts: [Posted] = []

        init(from decoder: any Decoder) throws {
            var list = try decoder.unkeyedContainer()
            let limit = Posted.limitKey.flatMap { decoder.userInfo[$0] as? Int } ?? 0
            while !list.isAtEnd {
                guard alerts.count < limit else {
                    throw DecodingError.dataCorruptedError(
                        in: list, debugDescription: "it has more than \(limit) alerts; send them in parts")
                }
                alerts.append(try list.decode(Posted.self))
            }
        }
    }
}
