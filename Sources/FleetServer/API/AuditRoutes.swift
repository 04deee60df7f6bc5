import FleetModel
import FleetState
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// What an administrator and an auditor read: the log, its export, and whether it is whole.
struct AuditRoutes {
    /// The most entries that a listing gives.
    private static let most = 10_000
    /// Entries read at a time for an export.
    private static let page = 500

    let state: FleetStateStore

    func add(to router: Router<FleetRequestContext>) {
        let group = router.group("/fleet/v1/audit")
        group.get { request, context in
            _ = try context.requireOperator()
            return try FleetJSON.response(try await state.audit(try filter(request)))
        }
        group.get("verify") { request, context in
            _ = try context.requireOperator()
            let known = try request.uri.queryParameters["known"].map { text in
                guard let chain = AuditChain(String(text)) else {
                    throw APIError(.badRequest, "known: '\(text)' is not NUMBER:SEAL")
                }
                return chain
            }
            do {
                return try FleetJSON.response(AuditVerdict(end: try await state.verifyAudit(known: known).description))
            } catch let error as AuditBreak {
                return try FleetJSON.response(AuditVerdict(problem: "\(error)"))
            }
        }
        group.get("export") { request, context in
            _ = try context.requireOperator()
            return try await export(after: number(request, "after") ?? 0)
        }
    }

    /// Everything up to the end at this moment; what is appended meanwhile is not part of it.
    private func export(after first: Int64) async throws -> Response {
        let end = try await state.auditEnd()
        guard let start = try await state.auditChain(upTo: first) else {
            throw APIError(.badRequest, "after: the log ends with entry \(end.number)")
        }
        let state = state
        let body = ResponseBody { writer in
            try await writer.write(ByteBuffer(string: AuditExport.header(after: start) + "\n"))
            var last = start.number
            while last < end.number {
                let limit = min(Self.page, Int(end.number - last))
                let entries = try await state.sealedAudit(after: last, limit: limit)
                guard let newest = entries.last?.number else { break }
                let text = entries.map { AuditExport.line(document: $0.document, seal: $0.seal) + "\n" }.joined()
                try await writer.write(ByteBuffer(string: text))
                last = newest
            }
            try await writer.write(ByteBuffer(string: AuditExport.end(end) + "\n"))
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: [.contentType: "application/x-ndjson"], body: body)
    }

    private func filter(_ request: Request) throws -> AuditFilter {
        let parameters = request.uri.queryParameters
        var filter = AuditFilter()
        filter.after = try number(request, "after") ?? 0
        filter.limit = min(Self.most, Int(clamping: try number(request, "limit") ?? 200))
        filter.isNewest = parameters["after"] == nil
        filter.tip = try number(request, "tip")
        filter.operation = try number(request, "operation")
        filter.actor = parameters["actor"].map(String.init)
        filter.event = parameters["event"].map(String.init)
        filter.since = try number(request, "since").map { Timestamp(milliseconds: $0) }
        return filter
    }

    private func number(_ request: Request, _ name: String) throws -> Int64? {
        guard let text = request.uri.queryParameters[Substring(name)] else { return nil }
        guard let number = Int64(text), number >= 0 else {
            throw APIError(.badRequest, "\(name): '\(text)' is not a number")
        }
        return number
    }
}

/// Whether the audit log is whole.
public struct AuditVerdict: Codable, Sendable {
    /// Where it ends, `NUMBER:SEAL`; `nil` where it is not whole.
    public var end: String?
    /// The first thing that is wrong; `nil` where nothing is.
    public var problem: String?

    /// An end, or what is wrong.
    public init(end: String? = nil, problem: String? = nil) {
        self.end = end
        self.problem = problem
    }
}
