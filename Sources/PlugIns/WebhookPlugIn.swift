import Delivery
import FleetModel
import HTTPClient

/// Calls another server's webhook: the request as JSON, signed, under one key however often it has to be sent.
public struct WebhookPlugIn: PlugInRunner {
    /// The most bytes of an answer.
    private static let longestAnswer = 64 << 10

    private let client: HTTPClient
    private let patience: Patience
    private let secret: [UInt8]?
    private let certificateAuthority: String?

    /// Calls by `client`; signs with `secret` where there is one. `certificateAuthority` is a file to trust in place of
    /// the system's.
    public init(
        client: HTTPClient, patience: Patience, secret: [UInt8]?, certificateAuthority: String? = nil
    ) {
        self.client = client
        self.patience = patience
        self.secret = secret
        self.certificateAuthority = certificateAuthority
    }

    /// Calls until the server has answered for good, or the call's time is over.
    public func run(
        _ request: PlugInRequest, progress: @escaping @Sendable (PlugInProgress) -> Void
    ) async -> PlugInResult {
        guard case .webhook(let url) = request.call.means else { return .failed("that is no webhook") }
        let deadline = ContinuousClock.now + .milliseconds(Int64(min(request.call.timeLimitSeconds, 86_400) * 1000))
        var failures = 0
        while true {
            let left = deadline - ContinuousClock.now
            guard left > .zero else { return .failed("\(url) did not answer in time") }
            let reason: String
            var least: Duration = .zero
            switch await answer(to: request, at: url, within: left) {
            case .success(let response):
                switch RequestVerdict(response) {
                case .delivered: return read(response, progress)
                case .refused(let words): return .failed("\(url) refused it: \(words)")
                case .later(let words, let after):
                    // What says something of the address or of who we are does not get better within a call.
                    guard response.status >= 500 || response.status == 429 else {
                        return .failed("\(url) refused it: \(words)")
                    }
                    (reason, least) = (words, after)
                }
            case .failure(.tooLarge): return .failed("the answer of \(url) has more than \(Self.longestAnswer) bytes")
            case .failure(let error) where error.isTemporary: reason = "\(error)"
            case .failure(let error): return .failed("\(error)")
            }
            failures += 1
            progress(PlugInProgress(share: nil, message: "it is tried again: \(reason)"))
            guard least < deadline - ContinuousClock.now else { return .failed("\(url) did not take it: \(reason)") }
            do {
                try await patience.wait(failures: failures, least: least)
            } catch {
                return .failed("it was called off")
            }
        }
    }

    private func answer(
        to request: PlugInRequest, at url: String, within limit: Duration
    ) async -> Result<HTTPResponse, HTTPClientError> {
        let body = request.json
        var headers = [
            (name: "Content-Type", value: "application/json"), (name: "Idempotency-Key", value: request.id),
        ]
        if let secret {
            headers.append((MessageSignature.header, MessageSignature.value(of: body, secret: secret)))
        }
        var message = HTTPRequest(.post, url, headers: headers, body: body)
        message.certificateAuthority = certificateAuthority
        message.totalLimit = limit
        message.connectLimit = min(message.connectLimit, limit)
        message.responseLimit = Self.longestAnswer
        do throws(HTTPClientError) {
            return .success(try await client.send(message))
        } catch {
            return .failure(error)
        }
    }

    /// An answer without a result is a success: the status says so.
    private func read(
        _ response: HTTPResponse, _ progress: @Sendable (PlugInProgress) -> Void
    ) -> PlugInResult {
        var output = PlugInOutput()
        for step in output.receive(response.body) { progress(step) }
        if let last = output.finish() { progress(last) }
        if let objection = output.objection { return .failed("\(response.url): \(objection)") }
        return output.result ?? .done("\(response.url) answered \(response.status)")
    }
}
