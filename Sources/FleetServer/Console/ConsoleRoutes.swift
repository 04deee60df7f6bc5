import FleetModel
import HTTPTypes
import Hummingbird
import NIOCore
import Remediation

/// The answer of `POST /fleet/v1/vms/V/console`.
public struct ConsoleView: Codable, Sendable {
    /// What the session's paths are called: `/fleet/v1/consoles/SESSION/...`.
    public var session: String
    /// The operation that connects the VM's console to it.
    public var operation: Int64
    /// The VM's name.
    public var name: String
    /// Where it runs.
    public var host: String
}

/// The answer to bytes that were sent: up to which position the session has them.
public struct ConsoleReceipt: Codable, Sendable {
    /// The position behind the last byte that was taken.
    public var end: Int64
}

/// The consoles of VMs, from operators to agents and back, over requests that both open.
///
/// ```
/// operator  GET  /fleet/v1/consoles/S/output?after=P&wait=20     agent  POST /agent/v1/consoles/S/output?host=H&at=P
///           POST /fleet/v1/consoles/S/input?at=P                        GET  /agent/v1/consoles/S/input?host=H&after=P&wait=20
///           DELETE /fleet/v1/consoles/S                                 POST /agent/v1/consoles/S/end?host=H
/// ```
/// A GET answers 200 with bytes and, in `Evenkeel-Position`, where the first of them belongs; 204 where none came in time;
/// 410 when the session is over. `after` says what is there already. A POST carries bytes that belong at `at` and answers
/// with how far the session has them.
struct ConsoleRoutes {
    private static let longestPatience: Duration = .seconds(25)
    private static let writePatience: Duration = .seconds(10)
    private static let longestBody = 64 << 10
    private static let position = HTTPField.Name("Evenkeel-Position")

    let controller: FleetController
    let reader: FleetReader
    let sessions: ConsoleSessions

    func add(to router: Router<FleetRequestContext>) {
        let group = router.group("/fleet/v1")
        group.post("vms/:machine/console") { _, context in
            try FleetJSON.response(try await open(context))
        }
        group.get("consoles/:session/output") { request, context in
            try await read(.output, of: try own(context), request)
        }
        group.post("consoles/:session/input") { request, context in
            try await write(.input, to: try own(context), request)
        }
        group.delete("consoles/:session") { _, context in
            let session = try own(context)
            session.end("closed by \(session.owner)")
            return Response(status: .noContent)
        }
        addAgents(to: router.group("/agent/v1"))
    }

    private func addAgents(to group: RouterGroup<FleetRequestContext>) {
        group.get("consoles/:session/input") { request, context in
            try await read(.input, of: try hosts(request, context), request)
        }
        group.post("consoles/:session/output") { request, context in
            try await write(.output, to: try hosts(request, context), request)
        }
        group.post("consoles/:session/end") { request, context in
            let session = try hosts(request, context)
            let text = String(buffer: try await request.collected(upTo: 4096))
            session.end(text.isEmpty ? "\(session.host) closed it" : "\(session.host): \(Self.oneLine(text))")
            return Response(status: .noContent)
        }
    }

    private func open(_ context: FleetRequestContext) async throws -> ConsoleView {
        let principal = try context.requireOperator()
        let machine = try reader.machine(named: context.parameters.get("machine") ?? "")
        let details = try await reader.details(of: machine)
        guard let place = details.places.first, place.state.ownsGuest, let host = HostName(place.host) else {
            let states = details.places.map { "\($0.state.rawValue) on \($0.host)" }.joined(separator: ", ")
            throw APIError(.conflict, "\(details.name) does not run (\(states)): it has no console now")
        }
        var generator = SystemRandomNumberGenerator()
        let session = try sessions.open(
            machine, name: details.name, on: host, owner: principal.name, using: &generator)
        do {
            let reply = try await controller.request(
                .perform(.openConsole(machine, session: session.id), on: host), by: principal.name)
            switch reply {
            case .done(_, let operation?):
                return ConsoleView(session: session.id, operation: operation, name: details.name, host: host.text)
            case .done, .changed, .foretold, .stopped, .stoppedInMemory:
                throw APIError(.internalServerError, "no operation was begun")
            case .refused(let reason): throw APIError(.conflict, reason)
            case .notFound(let reason): throw APIError(.notFound, reason)
            }
        } catch {
            session.end("it could not be opened")
            throw error
        }
    }

    // MARK: Bytes

    private func read(
        _ direction: ConsoleSession.Direction, of session: ConsoleSession, _ request: Request
    ) async throws -> Response {
        let after = try number("after", request)
        let wait = try number("wait", request)
        let patience = min(.seconds(wait), Self.longestPatience)
        let piece = try await placed {
            try await ConnectionWatch.whilePresent {
                try await session.read(direction, after: after, patience: patience)
            }
        }
        switch piece {
        case .nothing: return Response(status: .noContent)
        case .ended(let reason): throw APIError(.gone, reason)
        case .bytes(let start, let bytes):
            var headers: HTTPFields = [.contentType: "application/octet-stream"]
            if let name = Self.position { headers[name] = "\(start)" }
            return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
        }
    }

    private func write(
        _ direction: ConsoleSession.Direction, to session: ConsoleSession, _ request: Request
    ) async throws -> Response {
        let position = try number("at", request)
        let bytes = Array(buffer: try await request.collected(upTo: Self.longestBody))
        if let reason = session.ending { throw APIError(.gone, reason) }
        let end = try await placed {
            try await ConnectionWatch.whilePresent {
                try await session.write(direction, bytes, at: position, patience: Self.writePatience)
            }
        }
        return try FleetJSON.response(ConsoleReceipt(end: end))
    }

    private func placed<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch is ConsoleSession.Misplaced {
            throw APIError(.conflict, "the session has no bytes at that position")
        }
    }

    private func own(_ context: FleetRequestContext) throws -> ConsoleSession {
        let principal = try context.requireOperator()
        return try sessions.session(context.parameters.get("session") ?? "", of: principal.name)
    }

    private func hosts(_ request: Request, _ context: FleetRequestContext) throws -> ConsoleSession {
        let host = try context.requireHost(request.uri.queryParameters["host"].map(String.init))
        return try sessions.session(context.parameters.get("session") ?? "", for: host)
    }

    private func number(_ name: String, _ request: Request) throws -> Int64 {
        guard let text = request.uri.queryParameters[name[...]] else { return 0 }
        guard let number = Int64(text), number >= 0 else {
            throw APIError(.badRequest, "the parameter '\(name)' must be a whole number, not '\(text)'")
        }
        return number
    }

    private static func oneLine(_ text: String) -> String {
        let scalars = text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }
        return String(String.UnicodeScalarView(scalars))
    }
}
