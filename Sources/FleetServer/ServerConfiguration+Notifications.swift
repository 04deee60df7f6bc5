import ConfigurationFile
import FleetModel
import HTTPDoor
import MailClient
import Notifications

/// Who is told of tips: the list `notify`.
extension ServerConfiguration {
    private static let groupLabels = ["cluster", "pack", "level", "host"]

    mutating func readNotifications(_ reader: inout ConfigurationReader) throws(ConfigurationError) {
        for var entry in try reader.list("notify") {
            let receiver = try Self.notificationReceiver(&entry)
            guard !notify.contains(where: { $0.name == receiver.name }) else {
                throw entry.problem("name", "two receivers are called '\(receiver.name)'")
            }
            try entry.refuseUnknownKeys()
            notify.append(receiver)
        }
    }

    /// The receivers as lines of YAML, without what proves who we are.
    var shownNotifications: [String] {
        guard !notify.isEmpty else { return [] }
        return ["notify:"]
            + notify.flatMap { receiver in
                let target =
                    switch receiver.target {
                    case .webhook(let url, _, _): "webhook: \(url)"
                    case .alertmanager(let url, _): "alertmanager: \(url)"
                    case .mail(_, _, let to): "email: [\(to.joined(separator: ", "))]"
                    }
                return ["- \(target)", "  name: \(receiver.name)"]
            }
    }

    private static func notificationReceiver(
        _ entry: inout ConfigurationReader
    ) throws(ConfigurationError) -> NotificationReceiver {
        let webhook = try entry.value("webhook", url)
        let alertmanager = try entry.value("alertmanager", url)
        let addresses = try entry.texts("email")
        let name = try entry.value("name", name)
        var receiver: NotificationReceiver
        switch (webhook, alertmanager, addresses) {
        case (let url?, nil, nil):
            let access = try access(&entry, prefix: "", timeLimit: .seconds(30))
            let secret = try entry.secret("secret_file").map { Array($0.utf8) }
            receiver = NotificationReceiver(
                name: name ?? standardName(of: url), target: .webhook(url: url, access: access, secret: secret))
        case (nil, let url?, nil):
            let access = try access(&entry, prefix: "", timeLimit: .seconds(30))
            let base = url.hasSuffix("/") ? String(url.dropLast()) : url
            receiver = NotificationReceiver(
                name: name ?? standardName(of: url), target: .alertmanager(url: base, access: access))
        case (nil, nil, let addresses?):
            let target = try mailTarget(addresses, &entry)
            receiver = NotificationReceiver(name: name ?? "email", target: target)
        default:
            throw entry.problem("webhook", "a receiver has one of 'webhook', 'alertmanager' and 'email'")
        }
        try readNews(of: &receiver, &entry)
        return receiver
    }

    private static func readNews(
        of receiver: inout NotificationReceiver, _ entry: inout ConfigurationReader
    ) throws(ConfigurationError) {
        for text in try entry.texts("match") ?? [] {
            do throws(LabelCondition.Problem) {
                receiver.conditions.append(try LabelCondition(text))
            } catch {
                throw entry.problem("match", "\(error)")
            }
        }
        if let words = try entry.texts("events") {
            let known = TipNotice.Phase.allCases.filter { $0 != .working }
            receiver.phases = []
            for word in words {
                guard let phase = known.first(where: { $0.rawValue == word }) else {
                    let all = known.map(\.rawValue).joined(separator: ", ")
                    throw entry.problem("events", "'\(word)' is none of \(all)")
                }
                receiver.phases.insert(phase)
            }
        }
        if let labels = try entry.texts("group_by") {
            if let stranger = labels.first(where: { !groupLabels.contains($0) }) {
                let all = groupLabels.joined(separator: ", ")
                throw entry.problem("group_by", "'\(stranger)' is none of \(all)")
            }
            receiver.grouping.labels = labels
        }
        receiver.grouping.wait = try entry.value("group_wait", wait) ?? receiver.grouping.wait
        receiver.grouping.interval = try entry.value("group_interval", wait) ?? receiver.grouping.interval
        let repeating = try entry.value("repeat_interval", repeatSpan)
        receiver.grouping.repeatInterval = repeating ?? receiver.grouping.repeatInterval
    }

    private static func mailTarget(
        _ addresses: [String], _ entry: inout ConfigurationReader
    ) throws(ConfigurationError) -> NotificationReceiver.Target {
        for address in addresses where !MailMessage.isAddress(address) {
            throw entry.problem("email", "'\(address)' is not an address such as ops@example.org")
        }
        let address: (String) -> ConfigurationReader.Parsed<String> = { text in
            MailMessage.isAddress(text) ? .value(text) : .problem("'\(text)' is not an address such as ops@example.org")
        }
        guard let from = try entry.value("from", address) else {
            throw entry.problem("from", "mail needs it: the address that it comes from")
        }
        guard let place = try entry.value("smtp", mailPlace) else {
            throw entry.problem("smtp", "mail needs it: the server that takes it, such as smtp.example.org:587")
        }
        let protection = try entry.value("smtp_tls", protection) ?? .startTLS
        var server = MailServer(host: place.host, port: place.port, protection: protection)
        if protection == .off, ListenAddress(parsing: server.authority)?.isLoopback != true, place.host != "localhost" {
            throw entry.problem("smtp_tls", "off is for servers on loopback; beyond it mail goes over TLS")
        }
        server.certificateAuthority = try entry.path("ca_file")
        server.timeLimit = try entry.value("timeout", span) ?? server.timeLimit
        let user = try entry.value("user") { text in .value(text) }
        switch (user, try entry.secret("password_file")) {
        case (nil, nil): break
        case (let user?, let password?): server.login = MailServer.Login(user: user, password: password)
        case (nil, _): throw entry.problem("password_file", "it needs 'user' as well")
        case (_, nil): throw entry.problem("user", "it needs 'password_file' as well")
        }
        return .mail(server, from: from, to: addresses)
    }

    // MARK: Values

    private static func protection(_ text: String) -> ConfigurationReader.Parsed<MailServer.Protection> {
        let known = MailServer.Protection.allCases.map(\.rawValue).joined(separator: ", ")
        return MailServer.Protection(rawValue: text).map { .value($0) } ?? .problem("'\(text)' is none of \(known)")
    }

    /// `smtp.example.org:587`, `[::1]:25`.
    private static func mailPlace(_ text: String) -> ConfigurationReader.Parsed<(host: String, port: Int)> {
        let colon = text.lastIndex(of: ":")
        var host = colon.map { String(text[..<$0]) } ?? ""
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        let port = colon.flatMap { Int(text[text.index(after: $0)...]) } ?? 0
        let isHost = host.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-.:".contains($0)) }
        guard !host.isEmpty, isHost, (1...65_535).contains(port) else {
            return .problem("'\(text)' is not a server and its port, such as smtp.example.org:587")
        }
        return .value((host, port))
    }

    private static func wait(_ text: String) -> ConfigurationReader.Parsed<Duration> {
        text == "0" || text == "0s" ? .value(.zero) : span(text)
    }

    private static func repeatSpan(_ text: String) -> ConfigurationReader.Parsed<Duration> {
        guard let seconds = PrometheusDuration.seconds(text), (1...31_536_000).contains(seconds) else {
            return .problem("'\(text)' is not a span from 1s to 1y, such as 4h")
        }
        return .value(.milliseconds(Int64(seconds * 1000)))
    }
}
