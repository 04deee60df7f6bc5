import FleetModel
import Foundation
import HTTPClient
import MailClient

/// Brings one message to one receiver, once.
struct NotificationSender: Sendable {
    let receiver: NotificationReceiver
    let client: HTTPClient
    /// Where people reach the server.
    let url: String

    func send(_ notification: Notification) async throws -> RequestVerdict {
        switch receiver.target {
        case .webhook(let url, let access, let secret):
            let body = try Self.encode(WebhookPayload(notification, url: self.url))
            var headers = [(name: "X-Evenkeel-Notification", value: notification.id)]
            if let secret {
                headers.append((MessageSignature.header, MessageSignature.value(of: body, secret: secret)))
            }
            return try await post(body, to: url, access, headers)
        case .alertmanager(let url, let access):
            let alerts = notification.lines.map {
                AlertmanagerPayload(
                    $0, of: notification, repeating: receiver.grouping.repeatInterval, url: self.url)
            }
            return try await post(try Self.encode(alerts), to: url + "/api/v2/alerts", access, [])
        case .mail(let server, let from, let to):
            let message = MailMessage(
                from: from, to: to, subject: MailText.subject(notification),
                body: MailText.body(notification, url: url), id: notification.id, time: notification.time)
            return try await mail(message, server)
        }
    }

    private func post(
        _ body: [UInt8], to url: String, _ access: HTTPAccess, _ headers: [(name: String, value: String)]
    ) async throws -> RequestVerdict {
        let all = [(name: "Content-Type", value: "application/json")] + headers
        var request = HTTPRequest(.post, url, headers: all, body: body)
        access.apply(to: &request)
        request.responseLimit = 1 << 20
        do throws(HTTPClientError) {
            return RequestVerdict(try await client.send(request))
        } catch {
            try Task.checkCancellation()
            return .later("\(error)", after: .zero)
        }
    }

    private func mail(_ message: MailMessage, _ server: MailServer) async throws -> RequestVerdict {
        do {
            try await MailClient.send(message, to: server)
            return .delivered
        } catch let error as MailError {
            try Task.checkCancellation()
            if case .refused = error { return .refused("\(error)") }
            return .later("\(error)", after: .zero)
        }
    }

    private static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }
}
