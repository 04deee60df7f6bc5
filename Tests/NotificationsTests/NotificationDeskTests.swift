import FleetModel
import Foundation
import HTTPClient
import Logging
import MailClient
import MetricsWire
import Testing

@testable import Notifications

/// Messages on their way to real receivers on loopback.
@Suite struct NotificationDeskTests {
    /// A web server that keeps what it gets and answers with the statuses it is given, the last one for good.
    private final class Web: Sendable {
        struct Taken: Sendable {
            var path: String
            var headers: [String: String]
            var body: [UInt8]
        }

        let taken = Locked<[Taken]>([])
        private let statuses: Locked<[Int]>
        private let server: Locked<StubServer?> = Locked(nil)

        init(_ statuses: [Int] = [200]) throws {
            self.statuses = Locked(statuses)
            let (taken, statuses) = (taken, self.statuses)
            let stub = try StubServer { connection in
                let wire = Wire(input: connection, output: connection)
                while let first = wire.line() {
                    var headers: [String: String] = [:]
                    while let line = wire.line(), !line.isEmpty {
                        let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
                        headers[parts[0].lowercased()] = parts.last?.trimmingCharacters(in: .whitespaces)
                    }
                    guard let body = wire.bytes(Int(headers["content-length"] ?? "") ?? 0) else { return }
                    let path = first.split(separator: " ").dropFirst().first.map(String.init) ?? ""
                    taken.withLock { $0.append(Taken(path: path, headers: headers, body: body)) }
                    let status = statuses.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
                    wire.say("HTTP/1.1 \(status) X\r\nContent-Length: 0\r\n")
                }
            }
            server.withLock { $0 = stub }
        }

        var url: String { "http://127.0.0.1:\(server.withLock { $0?.port } ?? 0)" }

        func json(_ place: Int) throws -> Any {
            try JSONSerialization.jsonObject(with: Data(taken.withLock { $0[place].body }))
        }
    }

    private final class Folder: Sendable {
        let path = FileManager.default.temporaryDirectory.appending(path: "notifications-\(UUID().uuidString)").path
        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }
        var file: String { path + "/notifications.json" }
    }

    private static let client = HTTPClient()

    private func receiver(_ target: NotificationReceiver.Target) -> NotificationReceiver {
        var receiver = NotificationReceiver(name: "ops", target: target)
        receiver.grouping.wait = .zero
        receiver.grouping.interval = .zero
        return receiver
    }

    private func desk(_ receivers: [NotificationReceiver], _ folder: Folder) throws -> NotificationDesk {
        try NotificationDesk(
            receivers, path: folder.file, url: "https://evenkeel.example", client: Self.client, clock: WallClock(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// A desk at work, until `end`.
    private struct Running {
        let task: Task<Void, Never>

        init(_ desk: NotificationDesk) { task = Task { await desk.run() } }

        func until(_ holds: @Sendable () -> Bool) async throws {
            let deadline = ContinuousClock.now + .seconds(60)
            while !holds() {
                try #require(ContinuousClock.now < deadline, "gave up waiting")
                try await Task.sleep(for: .milliseconds(20))
            }
        }

        func end() async {
            task.cancel()
            await task.value
        }
    }

    private func run(_ desk: NotificationDesk, until holds: @Sendable () -> Bool) async throws {
        let running = Running(desk)
        try await running.until(holds)
        await running.end()
    }

    @Test func aWebhookGetsASignedDocument() async throws {
        let web = try Web()
        let secret = Array("key".utf8)
        let folder = try Folder()
        let desk = try desk([receiver(.webhook(url: web.url + "/hook", access: .init(), secret: secret))], folder)
        desk.note(try Sample.tip(3, .awaitingApproval))
        try await run(desk) { web.taken.withLock { !$0.isEmpty } }
        let taken = try #require(web.taken.withLock { $0.first })
        #expect(taken.path == "/hook")
        #expect(taken.headers["x-evenkeel-signature"] == MessageSignature.value(of: taken.body, secret: secret))
        let document = try #require(try web.json(0) as? [String: Any])
        #expect(document["id"] as? String == taken.headers["x-evenkeel-notification"])
        #expect(document["repeat"] as? Bool == false)
        let tip = try #require((document["tips"] as? [[String: Any]])?.first)
        #expect(tip["phase"] as? String == "waiting" && tip["number"] as? Int == 3)
        #expect(tip["raised"] as? String == "2026-01-31T12:00:00.000Z")
        #expect(tip["evidence"] as? [String] == ["mode idle: 3 %"])
    }

    @Test func anAlertmanagerGetsAlertsThatEnd() async throws {
        let web = try Web()
        let folder = try Folder()
        let receiver = NotificationReceiver(name: "am", target: .alertmanager(url: web.url, access: .init()))
        let desk = try desk([receiver], folder)
        let before = WallClock().now
        let running = Running(desk)
        desk.note(try Sample.tip(1, .raised))
        try await running.until { web.taken.withLock { $0.count == 1 } }
        desk.note(try Sample.tip(1, .resolved))
        try await running.until { web.taken.withLock { $0.count == 2 } }
        await running.end()
        #expect(web.taken.withLock { $0.map(\.path) } == ["/api/v2/alerts", "/api/v2/alerts"])
        func alert(_ place: Int) throws -> [String: Any] {
            try #require((try web.json(place) as? [[String: Any]])?.first)
        }
        #expect((try alert(0)["labels"] as? [String: String])?["alertname"] == "HostProcessorHot")
        #expect((try alert(0)["labels"] as? [String: String])?["host"] == "kvm1")
        let firing = try #require(try alert(0)["endsAt"] as? String)
        #expect(firing > (before + .seconds(200)).rfc3339)
        #expect(try alert(1)["endsAt"] as? String == "2026-01-31T12:00:00.000Z")
    }

    @Test func whatIsNotTakenIsSentAgainAndWhatIsRefusedIsNot() async throws {
        let web = try Web([503, 401, 200, 400, 200])
        let folder = try Folder()
        let desk = try desk([receiver(.webhook(url: web.url, access: .init(), secret: nil))], folder)
        let running = Running(desk)
        for (tip, count) in [(Int64(1), 3), (2, 4), (3, 5)] {
            desk.note(try Sample.tip(tip, .raised))
            try await running.until { web.taken.withLock { $0.count == count } }
        }
        await running.end()
        let ids = web.taken.withLock { $0.map { $0.headers["x-evenkeel-notification"] ?? "" } }
        // The same message has the same name however often it is sent.
        #expect(Set(ids.prefix(3)).count == 1 && Set(ids).count == 3)
        var page = TextExposition(.text)
        desk.writeMetrics(to: &page)
        let text = page.text
        for line in [
            "sent_total{receiver=\"ops\"} 2", "failed_total{receiver=\"ops\"} 2", "refused_total{receiver=\"ops\"} 1",
        ] {
            #expect(text.contains("evenkeel_notifications_" + line), "\(text)")
        }
    }

    @Test func whatWaitsOutlivesTheServerAndIsToldOnce() async throws {
        let folder = try Folder()
        let gone = try StubServer { _ in }.port
        let away = receiver(.webhook(url: "http://127.0.0.1:\(gone)", access: .init(), secret: nil))
        let first = try desk([away], folder)
        first.note(try Sample.tip(1, .raised))
        try await run(first) { (try? String(contentsOfFile: folder.file, encoding: .utf8))?.contains("kvm1") ?? false }
        let web = try Web()
        let back = receiver(.webhook(url: web.url, access: .init(), secret: nil))
        let second = try desk([back], folder)
        #expect(second.openTips == [1])
        // What a server tells of open tips when it starts is no news.
        second.note(try Sample.tip(1, .raised))
        try await run(second) { web.taken.withLock { $0.count == 1 } }
        let third = try desk([back], folder)
        third.note(try Sample.tip(1, .raised))
        third.note(try Sample.tip(2, .raised))
        try await run(third) { web.taken.withLock { $0.count == 2 } }
        let tips = try #require((try web.json(1) as? [String: Any])?["tips"] as? [[String: Any]])
        #expect(tips.map { $0["news"] as? Bool } == [true, false])
    }

    @Test func mailSaysWhatToDo() async throws {
        let box = StubMailbox()
        let stub = try StubServer { box.converse(Wire(input: $0, output: $0)) }
        let folder = try Folder()
        let server = MailServer(host: "127.0.0.1", port: stub.port, protection: .off)
        let desk = try desk(
            [receiver(.mail(server, from: "evenkeel@example.org", to: ["ops@example.org"]))], folder)
        desk.note(try Sample.tip(7, .awaitingApproval))
        try await run(desk) { box.letters.withLock { !$0.isEmpty } }
        let text = try #require(box.letters.withLock { $0.first?.text })
        #expect(text.contains("Subject: [evenkeel lab] waits for approval: kvm7: processors hot"))
        let body = Data(
            base64Encoded: String(text.split(separator: "\n\n", maxSplits: 1)[1]), options: .ignoreUnknownCharacters)
        #expect(body.map { String(decoding: $0, as: UTF8.self) }?.contains("evenkeel tip approve 7") == true)
    }

    @Test func aFileThatCannotBeReadIsSaid() throws {
        let folder = try Folder()
        try "nonsense".write(toFile: folder.file, atomically: true, encoding: .utf8)
        #expect(throws: NotificationError.self) { try desk([], folder) }
    }

    /// RFC 4231, test cases 1, 2 and 6.
    @Test func signaturesAreThoseOfTheStandard() {
        func code(_ key: [UInt8], _ text: String) -> String {
            SHA256.hexadecimal(SHA256.authenticationCode(of: Array(text.utf8), key: key))
        }
        #expect(
            code([UInt8](repeating: 0x0b, count: 20), "Hi There")
                == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
        #expect(
            code(Array("Jefe".utf8), "what do ya want for nothing?")
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        #expect(
            code([UInt8](repeating: 0xaa, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First")
                == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
    }
}
