import HTTPTypes
import Hummingbird
import MetricsWire
import Testing

@testable import FleetServer

/// Bodies that are too large, that never end, or that are not what they say.
@Suite struct BodyTests {
    private func request(_ body: RequestBody, encoding: String? = nil) -> Request {
        var head = HTTPRequest(method: .post, scheme: "http", authority: "a", path: "/")
        head.headerFields[.contentEncoding] = encoding
        return Request(head: head, body: body)
    }

    private func status(of work: () async throws -> Void) async -> HTTPResponse.Status? {
        do {
            try await work()
            return nil
        } catch {
            return (error as? APIError)?.status
        }
    }

    @Test func aBodyThatNeverEndsIsGivenUp() async {
        let drops = AsyncStream { ByteBuffer(string: "") }
        let body = RequestBody(asyncSequence: drops)
        let found = await status { _ = try await request(body).collected(upTo: 100, within: .milliseconds(20)) }
        #expect(found == .requestTimeout)
    }

    @Test func aBodyBeyondTheLimitIsRefused() async {
        let body = RequestBody(buffer: ByteBuffer(string: String(repeating: "x", count: 101)))
        #expect(await status { _ = try await request(body).collected(upTo: 100) } == .contentTooLarge)
    }

    @Test func aCompressedBodyCountsDecompressed() async throws {
        let packed = GzipEncoder().append([UInt8](repeating: 7, count: 1000), isLast: true)
        let body = RequestBody(buffer: ByteBuffer(bytes: packed))
        #expect(try await request(body, encoding: "gzip").collected(upTo: 1000).readableBytes == 1000)
        #expect(await status { _ = try await request(body, encoding: "gzip").collected(upTo: 999) } == .contentTooLarge)
        let plain = RequestBody(buffer: ByteBuffer(string: "query=1"))
        #expect(await status { _ = try await request(plain, encoding: "gzip").collected(upTo: 99) } == .badRequest)
    }
}
