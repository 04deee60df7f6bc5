import ConfigurationFile
import FleetModel
import Foundation
import HTTPClient
import MailClient
import Notifications
import Testing

@testable import FleetServer

/// The list `notify` of the server's configuration.
@Suite struct NotificationConfigurationTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "notify-\(UUID().uuidString)").path

    private func read(_ yaml: String) throws -> ServerConfiguration {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try "hush\n".write(toFile: folder + "/secret", atomically: true, encoding: .utf8)
        return try ServerConfiguration(yaml: yaml, file: folder + "/server.yaml", bundledPacks: nil)
    }

    @Test func everyKindIsRead() throws {
        let configuration = try read(
            """
            notify:
              - webhook: https://chat.example/hook
                secret_file: secret
                match: [level=critical, 'cluster=~"prod-.*"']
                events: [failed, waiting]
                group_by: [cluster, level]
                group_wait: 0s
                group_interval: 1m
                repeat_interval: 12h
              - alertmanager: https://am.example:9093/
                token_file: secret
              - email: [ops@example.org, boss@example.org]
                from: evenkeel@example.org
                smtp: smtp.example.org:465
                smtp_tls: tls
                user: evenkeel
                password_file: secret
            """)
        #expect(configuration.notify.map(\.name) == ["chat.example", "am.example_9093", "email"])
        let (first, second, third) = (configuration.notify[0], configuration.notify[1], configuration.notify[2])
        guard case .webhook(let url, _, let secret) = first.target,
            case .alertmanager(let base, let access) = second.target,
            case .mail(let server, let from, let to) = third.target
        else { return #expect(Bool(false), "\(configuration.notify)") }
        #expect(url == "https://chat.example/hook" && secret == Array("hush".utf8))
        #expect(first.phases == [.failed, .waiting] && first.conditions.count == 2)
        #expect(first.grouping.labels == ["cluster", "level"] && first.grouping.wait == .zero)
        #expect(first.grouping.interval == .seconds(60) && first.grouping.repeatInterval == .seconds(43_200))
        #expect(base == "https://am.example:9093" && access.credentials == .bearer("hush"))
        #expect(second.grouping == .alertmanager)
        #expect(server.authority == "smtp.example.org:465" && server.protection == .tls)
        #expect(server.login == .init(user: "evenkeel", password: "hush"))
        #expect(from == "evenkeel@example.org" && to == ["ops@example.org", "boss@example.org"])
        // What is shown to whoever asks holds no secret.
        #expect(configuration.shownYAML.contains("notify:\n- webhook: https://chat.example/hook"))
        #expect(!configuration.shownYAML.contains("hush"))
    }

    @Test(arguments: [
        ("- name: a", "one of 'webhook', 'alertmanager' and 'email'"),
        ("- {webhook: 'https://a', alertmanager: 'https://b'}", "one of"), ("- webhook: ftp://a", "not a URL"),
        ("- {webhook: 'https://a', match: ['level']}", "not a condition"),
        ("- {webhook: 'https://a', events: [working]}", "none of"),
        ("- {webhook: 'https://a', group_by: [x]}", "none of"),
        ("- {webhook: 'https://a', secret_file: none}", "no such file"),
        ("- {webhook: 'https://a', smtp: 'a:1'}", "no key 'notify[0].smtp'"),
        ("- {webhook: 'https://a', repeat_interval: 0s}", "not a span"),
        ("- {webhook: 'https://a'}\n  - {webhook: 'https://a'}", "two receivers"),
        ("- {email: [ops], from: a@b, smtp: 'c:1'}", "not an address"), ("- {email: [a@b], smtp: 'c:1'}", "from"),
        ("- {email: [a@b], from: a@b}", "smtp"),
        ("- {email: [a@b], from: a@b, smtp: mail}", "not a server and its port"),
        ("- {email: [a@b], from: a@b, smtp: 'mail.example:25', smtp_tls: 'off'}", "loopback"),
        ("- {email: [a@b], from: a@b, smtp: 'c:1', user: u}", "password_file"),
    ])
    func whatIsWrongIsSaidWithItsPlace(entry: String, words: String) throws {
        let error = #expect(throws: ConfigurationError.self) { try read("notify:\n  " + entry) }
        let text = error.map { "\($0)" } ?? ""
        #expect(text.contains("server.yaml:") && text.contains(words), "\(text)")
    }

    @Test func mailOnLoopbackNeedsNoTLS() throws {
        let configuration = try read("notify:\n  - {email: [a@b], from: a@b, smtp: '127.0.0.1:25', smtp_tls: 'off'}")
        #expect(configuration.notify.count == 1)
    }
}
