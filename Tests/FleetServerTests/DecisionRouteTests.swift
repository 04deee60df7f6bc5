import FleetModel
import FleetState
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOEmbedded
import Remediation
import Testing

@testable import FleetServer
@testable import TimeSeriesStore

/// What operators hear who decide on something that is not as it was when they looked.
@Suite struct DecisionRouteTests {
    /// A state store whose disk is full.
    private struct FullDisk: StateStore {
        let kept: FleetStateStore

        func load() async throws -> StoredState { try await kept.load() }
        func commit(_ changes: [StateChange]) async throws { throw FleetStateError.diskFull(path: "/srv/fleet.db") }
        func history(limit: Int) async throws -> (tips: [Tip], operations: [FleetModel.Operation]) {
            try await kept.history(limit: limit)
        }
        func packs() async throws -> [PackSetting] { try await kept.packs() }
    }

    private static let moment = Timestamp(milliseconds: 1_800_000_000_000)

    private func tip(_ number: Int64, _ state: TipState) throws -> Tip {
        var tip = Tip(
            number: number, pack: "p", alert: "A",
            subject: .host(try #require(HostName("h\(number)")), cluster: try #require(ClusterName("c"))),
            level: .warning, title: "h\(number) is hot", body: "", knowledge: "", evidence: [],
            remediation: "relieve-host", state: state, raised: Self.moment, updated: Self.moment)
        let note = state == .superseded ? "tip 9 is about the same, and worse" : "nobody approved it within 24 h"
        tip.history = [TipEvent(time: Self.moment, state: state, actor: Actor.evenkeel, note: note)]
        return tip
    }

    /// Sends `POST path` to a server that knows those tips.
    private func post(
        _ path: String, knowing tips: [Tip], holding scope: String = "fleet", onFullDisk isFull: Bool = false,
        through middleware: some RouterMiddleware<FleetRequestContext> = Authentication(tokens: nil)
    ) async throws -> Response {
        let folder = NSTemporaryDirectory() + "evenkeel-decisions-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let store = try FleetStateStore(path: folder + "/fleet.db")
        try await store.commit(tips.map(StateChange.saveTip))
        let clock = WallClock()
        let state: any StateStore = isFull ? FullDisk(kept: store) : store
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let controller = FleetController(
            loop: ControlLoop(), store: state, board: CommandBoard(clock: clock), clock: clock, logger: logger)
        try await controller.restore()
        let reader = FleetReader(
            version: "1", controller: controller, state: store, engine: NoEngine(), settings: ControlSettings(),
            readingWindow: .seconds(60), condition: { StoreCondition(damages: [], quarantined: []) }, clock: clock)
        let router = Router(context: FleetRequestContext.self)
        router.add(middleware: middleware)
        router.add(middleware: Authentication(tokens: nil))
        FleetRoutes(controller: controller, state: store, reader: reader).add(to: router)
        PolicyRoutes(controller: controller, reader: reader, state: store).add(to: router)
        let head = HTTPRequest(
            method: .post, scheme: "http", authority: "a", path: path,
            headerFields: [.contentType: "application/json"])
        let body = path.hasSuffix("approve") ? "{}" : "{\"scope\": \"\(scope)\", \"reason\": \"storm\"}"
        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer(string: body)))
        let source = ApplicationRequestContextSource(channel: EmbeddedChannel(), logger: logger)
        let response = try await router.buildResponder().respond(
            to: request, context: FleetRequestContext(source: source))
        try store.close()
        return response
    }

    /// Keeps what is written into it.
    private struct Page: ResponseBodyWriter {
        let bytes: Locked<[UInt8]>

        func write(_ buffer: ByteBuffer) async throws { bytes.withLock { $0 += Array(buffer.readableBytesView) } }
        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }

    private func answer(to number: Int64, knowing tips: [Tip]) async throws -> (HTTPResponse.Status, String) {
        let response = try await post("/fleet/v1/tips/\(number)/approve", knowing: tips)
        let page = Page(bytes: Locked([]))
        try await response.body.write(page)
        return (response.status, String(decoding: page.bytes.withLock { $0 }, as: UTF8.self))
    }

    @Test(arguments: [
        (TipState.superseded, "tip 1 has ended: superseded by evenkeel at", "tip 9 is about the same, and worse"),
        (.expired, "tip 1 has ended: expired by evenkeel at", "nobody approved it within 24 h"),
    ])
    func whoApprovesWhatHasEndedHearsByWhomWhenAndWhy(state: TipState, words: String, why: String) async throws {
        let (status, text) = try await answer(to: 1, knowing: [tip(1, state), tip(2, .awaitingApproval)])
        #expect(status == .conflict)
        #expect(text.contains(words) && text.contains(why), "\(text)")
    }

    @Test func whoApprovesWhatNeverWasHearsSo() async throws {
        let (status, text) = try await answer(to: 7, knowing: [tip(1, .expired)])
        #expect(status == .notFound && text == #"{"error":"there is no tip 7"}"#, "\(text)")
    }

    @Test func aDecisionThatFindsTheDiskFullIsAnsweredSo() async throws {
        let response = try await post(
            "/fleet/v1/holds", knowing: [], holding: "pack:p", onFullDisk: true, through: ErrorAnswers())
        #expect(response.status == .insufficientStorage)
    }

    @Test func aStopThatFindsTheDiskFullHoldsAndSaysThatItIsNotStored() async throws {
        let response = try await post(
            "/fleet/v1/holds", knowing: [], onFullDisk: true, through: ErrorAnswers())
        let page = Page(bytes: Locked([]))
        try await response.body.write(page)
        let text = String(decoding: page.bytes.withLock { $0 }, as: UTF8.self)
        #expect(response.status == .ok && text.contains("not on disk yet"), "\(text)")
        #expect(text.contains(#""unstored":"#) && text.contains("no room"), "\(text)")
    }
}
