import FleetModel
import FoundationEssentials
import HTTPClient

/// How an agent speaks to its server: always the one who asks.
public struct ServerLink: Sendable {
    /// What sends a request: `HTTPClient.send`, or somebody who stands in for the server.
    public typealias Send = @Sendable (HTTPRequest) async throws(HTTPClientError) -> HTTPResponse

    /// Commands as the server gave them.
    public struct Commands: Hashable, Sendable {
        /// Those that this version understands.
        public var commands: [AgentCommand]
        /// Numbers of those that it does not.
        public var foreign: [Int64]
    }

    let server: String
    let host: HostName
    private let certificateAuthority: String?
    private let secret: AgentSecret
    private let send: Send
    private let forbidden = Locked(false)

    /// Whether the server did not let this agent speak for its host when it last asked to: then nothing that is refused
    /// says anything of what was sent, since token and host's name do not fit together.
    var isForbidden: Bool { forbidden.withLock { $0 } }

    /// A link to the server that `configuration` names. Throws where the token's file cannot be read.
    public init(_ configuration: AgentConfiguration, send: @escaping Send) throws(AgentError) {
        server = configuration.server
        host = configuration.host
        certificateAuthority = configuration.certificateAuthority
        secret = try AgentSecret(file: configuration.tokenFile)
        self.send = send
    }

    /// Sends samples: a compressed remote write 1.0 request.
    func write(_ batch: [UInt8]) async throws(HTTPClientError) -> HTTPResponse {
        var request = HTTPRequest(.post, "\(server)/api/v1/write", body: batch)
        request.headers = [
            (name: "Content-Type", value: "application/x-protobuf"), (name: "Content-Encoding", value: "snappy"),
            (name: "X-Prometheus-Remote-Write-Version", value: "0.1.0"),
        ]
        request.totalLimit = .seconds(30)
        return try await exchange(request)
    }

    /// Says how the host is. Returns how far the host's clock is ahead of the server's, as far as the answer's way and
    /// the request's took the same time (as NTP reckons, RFC 5905 section 8); `nil` from a server that does not say what
    /// time it is there.
    func report(_ report: HostReport, clock: any Clock) async throws(HTTPClientError) -> Duration? {
        struct Answer: Decodable { let time: Timestamp }
        let begin = clock.now
        let monotonic = ContinuousClock.now
        let answer = try await post(report, "report")
        forbidden.withLock { $0 = answer.status == 403 }
        let response = try answer.requireSuccess()
        // The way takes as long as it does, whatever somebody sets the clock to meanwhile.
        let halfway = begin + (ContinuousClock.now - monotonic) / 2
        return (try? JSONDecoder().decode(Answer.self, from: Data(response.body))).map { halfway - $0.time }
    }

    /// Waits for commands above `after`, up to `wait` seconds.
    func commands(after: Int64, wait: Int) async throws(HTTPClientError) -> Commands {
        let path = "\(server)/agent/v1/commands?host=\(HTTPRequest.encoded(host.text))&after=\(after)&wait=\(wait)"
        var request = HTTPRequest(.get, path)
        request.totalLimit = .seconds(wait + 15)
        let response = try await exchange(request).requireSuccess()
        guard let list = try? JSONDecoder().decode(FetchedCommands.self, from: Data(response.body)) else {
            throw .status(url: response.url, status: response.status, body: "no list of commands: \(response.text)")
        }
        return list.sorted
    }

    /// Says how a command ended. Its operation and moment go with it: a number alone does not name a command at a server
    /// that was restored from a backup.
    func answer(_ answer: HostTaskAnswer, to command: AgentCommand) async throws(HTTPClientError) -> HTTPResponse {
        let identity = "operation=\(command.operation)&issued=\(command.issued.milliseconds)"
        let path = "commands/\(command.number)/answer?host=\(HTTPRequest.encoded(host.text))&\(identity)"
        return try await post(answer, path)
    }

    /// Answers a command of which no more than its number is understood.
    func answer(_ answer: HostTaskAnswer, to number: Int64) async throws(HTTPClientError) -> HTTPResponse {
        try await post(answer, "commands/\(number)/answer?host=\(HTTPRequest.encoded(host.text))")
    }

    /// Says how far a migration has come.
    func progress(_ progress: MigrationProgress, of number: Int64) async throws(HTTPClientError) {
        try await post(progress, "commands/\(number)/progress?host=\(HTTPRequest.encoded(host.text))").requireSuccess()
    }

    private func post(_ value: some Encodable, _ path: String) async throws(HTTPClientError) -> HTTPResponse {
        let url = "\(server)/agent/v1/\(path)"
        guard let body = try? JSONEncoder().encode(value) else {
            throw .invalidRequest(url: url, reason: "its content cannot be written as JSON")
        }
        var request = HTTPRequest(.post, url, body: [UInt8](body))
        request.headers = [(name: "Content-Type", value: "application/json")]
        request.totalLimit = .seconds(15)
        return try await exchange(request)
    }

    func exchange(_ request: HTTPRequest) async throws(HTTPClientError) -> HTTPResponse {
        var request = request
        request.certificateAuthority = certificateAuthority
        if let token = secret.token { request.authorize(bearer: token) }
        let response = try await send(request)
        // The token may have been replaced since: the next request carries what the file holds then.
        if response.status == 401 { secret.reload() }
        return response
    }
}

/// The agent's secret, out of its file.
final class AgentSecret: Sendable {
    private let file: String?
    private let current: Locked<String?>

    /// The secret in `file`, which is none of no file. `advice` says what to write there.
    init(
        file: String?, advice: String = "write there what `evenkeel token create agent NAME` printed"
    ) throws(AgentError) {
        self.file = file
        guard let file else {
            current = Locked(nil)
            return
        }
        guard let token = Self.read(file) else {
            throw .configuration(
                place: file,
                reason: "no token can be read from it; \(advice)")
        }
        current = Locked(token)
    }

    var token: String? { current.withLock { $0 } }

    func reload() {
        guard let file, let token = Self.read(file) else { return }
        current.withLock { $0 = token }
    }

    private static func read(_ file: String) -> String? {
        guard let content = try? Data(contentsOf: URL(filePath: file)) else { return nil }
        let text = String(decoding: content, as: UTF8.self)
        let token = text.split(whereSeparator: { $0.isWhitespace }).first.map(String.init)
        return token
    }
}

/// `{"commands":[...]}`, of which every element that is not understood keeps at least its number.
private struct FetchedCommands: Decodable {
    private struct Element: Decodable {
        var command: AgentCommand?
        var number: Int64?

        private enum Key: String, CodingKey { case number }

        init(from decoder: any Decoder) throws {
            command = try? AgentCommand(from: decoder)
            number = try decoder.container(keyedBy: Key.self).decode(Int64.self, forKey: .number)
        }
    }

    private let commands: [Element]

    var sorted: ServerLink.Commands {
        ServerLink.Commands(
            commands: commands.compactMap(\.command),
            foreign: commands.filter { $0.command == nil }.compactMap(\.number))
    }
}
