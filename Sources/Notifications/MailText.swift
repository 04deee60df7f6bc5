import FleetModel

/// A notification as mail.
enum MailText {
    static func subject(_ notification: Notification) -> String {
        let news = notification.lines.filter(\.isNews)
        let shown = news.isEmpty ? notification.lines : news
        let place = notification.group["cluster"].map { "[evenkeel \($0)] " } ?? "[evenkeel] "
        guard let first = shown.first else { return place }
        let more = shown.count + notification.omitted - 1
        return place + (news.isEmpty ? "still: " : "") + "\(word(first.notice)): \(first.notice.title)"
            + (more > 0 ? " (and \(more) more)" : "")
    }

    static func body(_ notification: Notification, url: String) -> String {
        var text = ""
        for line in notification.lines { text += paragraph(line) + "\n" }
        if notification.omitted > 0 { text += "and \(notification.omitted) more\n\n" }
        return text + "--\n\(url)\n\(notification.id)\n"
    }

    private static func paragraph(_ line: Notification.Line) -> String {
        let notice = line.notice
        let level = notice.labels["level"] ?? ""
        var text = "tip \(notice.number) (\(level)) \(word(notice)): \(notice.title)\n"
        if !notice.body.isEmpty { text += "  \(notice.body)\n" }
        for evidence in notice.evidence { text += "  evidence: \(evidence)\n" }
        for step in notice.plan { text += "  plan: \(step)\n" }
        if !notice.note.isEmpty { text += "  \(notice.state.rawValue) since \(notice.since.rfc3339): \(notice.note)\n" }
        if notice.phase == .waiting {
            text += "  evenkeel tip approve \(notice.number), or evenkeel tip dismiss \(notice.number) --reason ...\n"
        }
        return text
    }

    private static func word(_ notice: TipNotice) -> String {
        switch notice.phase {
        case .raised: "found"
        case .waiting: "waits for approval"
        case .working: "is being dealt with"
        case .resolved: "resolved"
        case .failed: "failed"
        case .closed: "closed"
        }
    }
}
