import FleetModel
import FoundationEssentials
import HTTPClient

/// The document that a webhook gets:
/// ```
/// {"version": 1, "id": "ops-1769860800000-7", "receiver": "ops", "time": "2026-01-31T12:00:00.000Z",
///  "group": {"cluster": "lab"}, "repeat": false, "omitted": 0, "url": "https://evenkeel.example:7411",
///  "tips": [{"number": 3, "news": true, "phase": "waiting", "state": "awaitingApproval", "level": "warning",
///            "title": "...", "body": "...", "evidence": ["..."], "plan": ["migrate a x -> y"], "note": "...",
///            "labels": {...}, "raised": "...", "since": "..."}]}
/// ```
struct WebhookPayload: Encodable {
    struct Tip: Encodable {
        let number: Int64
        let news: Bool
        let phase: String
        let state: String
        let level: String
        let title: String
        let body: String
        let evidence: [String]
        let plan: [String]
        let note: String
        let labels: Labels
        let raised: String
        let since: String

        init(_ line: Notification.Line) {
            let notice = line.notice
            number = notice.number
            news = line.isNews
            phase = notice.phase.rawValue
            state = notice.state.rawValue
            level = notice.labels["level"] ?? ""
            title = notice.title
            body = notice.body
            evidence = notice.evidence
            plan = notice.plan
            note = notice.note
            labels = notice.labels
            raised = notice.raised.rfc3339
            since = notice.since.rfc3339
        }
    }

    let version = 1
    let id: String
    let receiver: String
    let time: String
    let group: Labels
    let `repeat`: Bool
    let omitted: Int
    let url: String
    let tips: [Tip]

    init(_ notification: Notification, url: String) {
        id = notification.id
        receiver = notification.receiver
        time = notification.time.rfc3339
        group = notification.group
        `repeat` = notification.isRepeat
        omitted = notification.omitted
        self.url = url
        tips = notification.lines.map(Tip.init)
    }
}

/// What an Alertmanager gets (`POST /api/v2/alerts`): a tip that lasts ends in four rounds of repeating unless it is told
/// of again, as Prometheus does; one at its end has ended.
struct AlertmanagerPayload: Encodable {
    let labels: Labels
    let annotations: [String: String]
    let startsAt: String
    let endsAt: String
    let generatorURL: String

    init(_ line: Notification.Line, of notification: Notification, repeating: Duration, url: String) {
        let notice = line.notice
        labels = notice.labels
        annotations = [
            "summary": notice.title, "description": notice.body, "state": notice.state.rawValue,
            "evidence": notice.evidence.joined(separator: "\n"), "plan": notice.plan.joined(separator: "\n"),
        ].filter { !$0.value.isEmpty }
        startsAt = notice.raised.rfc3339
        let end = notice.phase.isEnd ? notice.since : notification.time + repeating * 4
        endsAt = max(end, notice.raised).rfc3339
        generatorURL = url
    }
}

extension Timestamp {
    /// `2026-01-31T12:00:00.000Z`.
    var rfc3339: String {
        Date(timeIntervalSince1970: seconds).formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
