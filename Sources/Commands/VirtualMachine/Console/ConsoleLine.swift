import Console
import FleetServer
import HTTPClient

/// The command line's end of a console session at the server.
struct ConsoleLine: Sendable {
    /// Ctrl-], as telnet and virsh have it.
    static let endKey: UInt8 = 0x1d
    /// How long the server is asked to wait for output, in seconds.
    private static let pollSeconds = 20
    private static let longestPiece = 4096
    /// A server that does not answer is asked so often, half a second apart.
    private static let mostFailures = 10

    let client: ServerClient
    let session: String

    private var path: String { "/fleet/v1/consoles/\(ServerClient.escaped(session))" }

    /// Shows what the guest prints until the session is over; returns why it is.
    func show(on screen: ConsoleScreen) async throws -> String {
        var position: Int64 = 0
        while true {
            let asked = position
            let response = try await asking {
                try await client.exchange(
                    .get, "\(path)/output?after=\(asked)&wait=\(Self.pollSeconds)", alsoTaking: [410])
            }
            switch response.status {
            case 200:
                try screen.show(response.body)
                position += Int64(response.body.count)
            case 410: return "The console is closed: \(ServerClient.reason(in: response))."
            default: continue
            }
        }
    }

    /// Why nothing more is sent.
    enum End { case key, input, session }

    /// Sends what is typed, until the key that ends is pressed, the input ends, or the session is over.
    func type(from input: ByteChannel, endingWith key: UInt8?) async throws -> End {
        var position: Int64 = 0
        while true {
            let bytes = try await input.read(Self.longestPiece)
            try Task.checkCancellation()
            let end = key.flatMap { bytes.firstIndex(of: $0) }
            var rest = Array(bytes[..<(end ?? bytes.count)])
            while !rest.isEmpty {
                let (piece, place) = (rest, position)
                let response = try await asking {
                    try await client.exchange(.post, "\(path)/input?at=\(place)", body: piece, alsoTaking: [410])
                }
                if response.status == 410 { return .session }
                let receipt: ConsoleReceipt = try client.decode(response, from: path)
                rest.removeFirst(min(rest.count, max(0, Int(receipt.end - position))))
                position = max(position, receipt.end)
            }
            if end != nil { return .key }
            if bytes.isEmpty { return .input }
        }
    }

    /// Ends the session; one that is over already is left as it is.
    func close() async {
        _ = try? await client.exchange(.delete, path)
    }

    private func asking(_ body: () async throws -> HTTPResponse) async throws -> HTTPResponse {
        var failures = 0
        while true {
            do {
                return try await body()
            } catch let failure as CommandFailure where failure.code == .unreachable && failures < Self.mostFailures {
                failures += 1
                try await Task.sleep(for: .milliseconds(500))
            }
        }
    }
}
