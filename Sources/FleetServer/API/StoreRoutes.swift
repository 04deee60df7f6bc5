import FleetModel
import FleetState
import HTTPTypes
import Hummingbird
import TimeSeriesStore

/// The body of `POST /fleet/v1/store/backup`.
public struct BackupOrder: Codable, Sendable {
    /// The folder to write to, on the server's machine, from its root on; it must not be there, or be empty.
    public var path: String

    /// An order to write a backup to `path`.
    public init(path: String) { self.path = path }
}

/// The body of `POST /fleet/v1/store/delete` and `/fleet/v1/store/count`.
public struct DeletionOrder: Codable, Sendable {
    /// Selectors such as `{host="kvm9"}`; a series that satisfies one of them is meant.
    public var selectors: [String]
    /// The oldest and the newest moment whose samples go; `nil` for all.
    public var start: Timestamp?
    /// The newest moment whose samples go; `nil` for all.
    public var end: Timestamp?
    /// Whether all series there are may be meant.
    public var everything: Bool

    /// An order to delete.
    public init(selectors: [String], start: Timestamp? = nil, end: Timestamp? = nil, everything: Bool = false) {
        self.selectors = selectors
        self.start = start
        self.end = end
        self.everything = everything
    }
}

/// The answer of `POST /fleet/v1/store/count`.
public struct SeriesCountView: Codable, Sendable {
    /// How many series the selectors mean.
    public var matching: Int
    /// How many series there are.
    public var all: Int
}

/// What operators do with the store as a whole: backups, checks, deletions.
struct StoreRoutes {
    let store: TimeSeriesStore
    let state: FleetStateStore
    let backup: ServerBackup
    let jobs: StoreJobs
    let clock: any Clock

    func add(to router: Router<FleetRequestContext>) {
        let group = router.group("/fleet/v1/store")
        group.post("backup") { request, context in
            let actor = try context.requireOperator().name
            let order = try await request.decoded(as: BackupOrder.self)
            return try FleetJSON.response(try await startBackup(order, actor), status: .accepted)
        }
        group.post("check") { _, context in
            let actor = try context.requireOperator().name
            return try FleetJSON.response(try startCheck(actor), status: .accepted)
        }
        group.post("count") { request, context in
            _ = try context.requireOperator()
            let order = try await request.decoded(as: DeletionOrder.self)
            let sets = try order.matchers()
            let count = try answering { try store.count(matching: sets) }
            return try FleetJSON.response(SeriesCountView(matching: count.matching, all: count.all))
        }
        group.post("delete") { request, context in
            let actor = try context.requireOperator().name
            let order = try await request.decoded(as: DeletionOrder.self)
            return try FleetJSON.response(try await startDeletion(order, actor), status: .accepted)
        }
        group.get("jobs/:number") { _, context in
            _ = try context.requireOperator()
            guard let number = Int64(context.parameters.get("number") ?? ""), let job = jobs.job(number) else {
                throw APIError(.notFound, "there is no such job; they are remembered until the server stops")
            }
            return try FleetJSON.response(job)
        }
        addAdministration(to: router)
    }

    /// Prometheus' TSDB admin paths (prometheus.io/docs/prometheus/latest/querying/api/#tsdb-admin-apis).
    private func addAdministration(to router: Router<FleetRequestContext>) {
        let group = router.group("/api/v1/admin/tsdb")
        for method in [HTTPRequest.Method.post, .put] {
            group.on("delete_series", method: method) { request, context in
                let actor = try context.requireOperator().name
                try await deleteNow(try await RequestParameters(request), actor)
                return Response(status: .noContent)
            }
            // What was deleted leaves the disk at once: there is nothing to clean.
            group.on("clean_tombstones", method: method) { _, context in
                _ = try context.requireOperator()
                return Response(status: .noContent)
            }
        }
    }

    // MARK: Backup and check

    private func startBackup(_ order: BackupOrder, _ actor: String) async throws -> StoreJobView {
        // What is wrong with the place is said at once.
        do {
            try BackupFolder.judge(order.path)
        } catch {
            throw APIError(.badRequest, "\(error)")
        }
        let backup = backup
        let (state, clock) = (state, clock)
        return try answering {
            try jobs.start(.backup, by: actor) { report in
                let manifest = try await backup.write(to: order.path, report: report)
                let detail = "to \(order.path): \(manifest.files.count) files, \(manifest.bytes) bytes"
                try await state.commit([
                    .audit(AuditEntry(time: clock.now, actor: actor, event: "store.backup", detail: detail))
                ])
                return { job in
                    (job.files, job.filesDone) = (manifest.files.count, manifest.files.count)
                    (job.bytes, job.bytesDone) = (manifest.bytes, manifest.bytes)
                }
            }
        }
    }

    private func startCheck(_ actor: String) throws -> StoreJobView {
        let store = store
        return try answering {
            try jobs.start(.check, by: actor) { report in
                let findings = try await store.check(report: report)
                return { $0.findings = findings }
            }
        }
    }

    // MARK: Deletion

    private func startDeletion(_ order: DeletionOrder, _ actor: String) async throws -> StoreJobView {
        let sets = try order.matchers()
        try judge(sets, everything: order.everything)
        return try answering {
            try jobs.start(.delete, by: actor) { _ in
                let summary = try await delete(order, sets, actor)
                return { $0.deletion = summary }
            }
        }
    }

    private func deleteNow(_ parameters: RequestParameters, _ actor: String) async throws {
        let order = DeletionOrder(
            selectors: parameters.all("match[]"), start: try parameters.moment("start"),
            end: try parameters.moment("end"), everything: parameters["all"] == "true")
        let sets = try order.matchers()
        try judge(sets, everything: order.everything)
        do {
            _ = try await delete(order, sets, actor)
        } catch let error as StoreError {
            throw APIError(error)
        }
    }

    private func judge(_ sets: [[LabelMatcher]], everything: Bool) throws {
        let count = try answering { try store.count(matching: sets) }
        guard everything || count.matching < count.all || count.matching == 0 else {
            throw APIError(
                .badRequest,
                "this would delete all \(count.all) series; say so with all=true (evenkeel store delete --everything)")
        }
    }

    /// Deletes; the audit log knows of it before, and what came of it after.
    private func delete(
        _ order: DeletionOrder, _ sets: [[LabelMatcher]], _ actor: String
    ) async throws -> DeletionSummary {
        let what = order.text
        try await audit(actor, "store.delete", what)
        let summary = try await store.delete(
            sets, from: order.start?.milliseconds ?? .min, through: order.end?.milliseconds ?? .max)
        try await audit(actor, "store.deleted", "\(what): \(summary.series) series, \(summary.samples) samples")
        return summary
    }

    private func audit(_ actor: String, _ event: String, _ detail: String) async throws {
        try await state.commit([.audit(AuditEntry(time: clock.now, actor: actor, event: event, detail: detail))])
    }

    private func answering<Answer>(_ body: () throws -> Answer) throws -> Answer {
        do {
            return try body()
        } catch let error as StoreError {
            throw APIError(error)
        }
    }
}

extension DeletionOrder {
    /// The selectors, each as its matchers.
    func matchers() throws -> [[LabelMatcher]] {
        guard !selectors.isEmpty else { throw APIError(.badRequest, "no match[] parameter provided") }
        return try selectors.map { try SeriesLister.Scope.selector($0) }
    }

    /// What is to go, for the audit log.
    fileprivate var text: String {
        var text = selectors.joined(separator: ", ")
        if let start { text += " from \(start.milliseconds) ms" }
        if let end { text += " through \(end.milliseconds) ms" }
        return text
    }
}
