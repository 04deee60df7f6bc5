import FleetModel
import FleetState
import HTTPTypes
import Hummingbird
import Remediation

/// What agents call: reports, the long poll for commands, answers.
struct AgentRoutes {
    /// The longest that a poll is kept waiting.
    static let longestPatience: Duration = .seconds(60)

    let controller: FleetController
    let board: CommandBoard
    let state: FleetStateStore
    let clock: any Clock

    func add(to router: Router<FleetRequestContext>) {
        let group = router.group("/agent/v1")
        group.post("report") { try await report($0, $1) }
        group.get("commands") { try await commands($0, $1) }
        group.post("commands/:number/answer") { try await answer($0, $1) }
        group.post("commands/:number/progress") { try await progress($0, $1) }
    }

    private func report(_ request: Request, _ context: FleetRequestContext) async throws -> Response {
        let report = try await request.decoded(as: HostReport.self)
        _ = try context.requireHost(report.host.text)
        if let objection = report.objection { throw APIError(.badRequest, objection) }
        if let objection = await controller.objection(to: report) { throw APIError(.conflict, objection) }
        try await controller.receive(.report(HostRecord(report: report, received: clock.now)))
        // What time it is here: the agent measures its clock against it.
        return try FleetJSON.response(["time": clock.now])
    }

    private func commands(_ request: Request, _ context: FleetRequestContext) async throws -> Response {
        let query = request.uri.queryParameters
        let host = try context.requireHost(query["host"].map(String.init))
        let after = try number(query["after"], named: "after") ?? 0
        let wait = try number(query["wait"], named: "wait") ?? 0
        let patience = min(.seconds(max(0, wait)), Self.longestPatience)
        let found = await board.commands(for: host, after: after, patience: patience)
        let commands = try await controller.handOut(found)
        return try FleetJSON.response(["commands": commands])
    }

    private func answer(_ request: Request, _ context: FleetRequestContext) async throws -> Response {
        let receipt = try await receipt(request, context)
        let answer = try await request.decoded(as: HostTaskAnswer.self).onOneLine
        if let known = receipt.answer {
            if known == answer { return Response(status: .noContent) }
            throw APIError(.conflict, "command \(receipt.command.number) was answered before, and otherwise")
        }
        let number = receipt.command.number
        try await controller.receive(.answered(command: number, answer: answer, time: clock.now))
        board.remove(number, host: receipt.command.host)
        return Response(status: .noContent)
    }

    private func progress(_ request: Request, _ context: FleetRequestContext) async throws -> Response {
        let receipt = try await receipt(request, context)
        let progress = try await request.decoded(as: MigrationProgress.self)
        try await controller.receive(.progress(command: receipt.command.number, progress, time: clock.now))
        return Response(status: .noContent)
    }

    /// The command that the path names, which must be one of the sender's host.
    private func receipt(_ request: Request, _ context: FleetRequestContext) async throws -> CommandReceipt {
        let host = try context.requireHost(request.uri.queryParameters["host"].map(String.init))
        let text = context.parameters.get("number") ?? ""
        guard let number = Int64(text), let receipt = try await state.receipt(ofCommand: number) else {
            throw APIError(.notFound, "there is no command '\(text)'")
        }
        guard receipt.command.host == host else {
            throw APIError(.forbidden, "command \(number) is not for host '\(host)'")
        }
        try requireSame(receipt.command, request)
        return receipt
    }

    /// An agent says which command it means besides its number, since numbers start anew with a restored state.
    private func requireSame(_ command: AgentCommand, _ request: Request) throws {
        let query = request.uri.queryParameters
        let operation = try number(query["operation"], named: "operation") ?? command.operation
        let issued = try number(query["issued"], named: "issued") ?? command.issued.milliseconds
        guard operation == command.operation, issued == command.issued.milliseconds else {
            throw APIError(.conflict, "command \(command.number) is another one than was meant")
        }
    }

    private func number(_ text: Substring?, named name: String) throws -> Int64? {
        guard let text else { return nil }
        guard let number = Int64(text) else {
            throw APIError(.badRequest, "the parameter '\(name)' must be a whole number, not '\(text)'")
        }
        return number
    }
}

extension HostTaskAnswer {
    /// The answer with control characters of its reason replaced: it goes into records, logs and onto terminals.
    fileprivate var onOneLine: HostTaskAnswer {
        switch self {
        case .refused(let reason): .refused(Self.onOneLine(reason))
        case .failed(let reason): .failed(Self.onOneLine(reason))
        case .advised(let advice): .advised(advice.prefix(32).map(Self.onOneLine))
        case .done, .listening, .awaiting, .sent, .state: self
        }
    }

    private static func onOneLine(_ text: String) -> String {
        let scalars = text.unicodeScalars.prefix(4096).map { $0.properties.generalCategory == .control ? " " : $0 }
        return String(String.UnicodeScalarView(scalars))
    }
}
