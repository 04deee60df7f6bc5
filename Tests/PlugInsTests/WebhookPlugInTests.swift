import Delivery
import FleetModel
import Foundation
import Glibc
import HTTPClient
import PlugIns
import Testing

/// Webhooks on loopback.
@Suite struct WebhookPlugInTests {
    private struct Taken: Sendable {
        var head: String
        var body: [UInt8]
    }

    /// A web server that gives these answers, the last one for good, and keeps what it was asked.
    private final class Web: Sendable {
        /// In place of a status: no answer at all; a body without end.
        static let never = 0
        static let endless = -1

        private static func sendForever(_ connection: Int32) {
            var part = Array("HTTP/1.1 200 OK\r\n\r\n".utf8)
            while unsafe part.withUnsafeBytes({
                unsafe send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }) > 0 { part = [UInt8](repeating: 0x78, count: 1 << 16) }
        }

        let taken = Locked<[Taken]>([])
        let port: Int
        private let listener: Int32

        init(_ answers: [(status: Int, body: String)]) throws {
            listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let descriptor = listener
            let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                    unsafe bind(descriptor, generic, size) | listen(descriptor, 16)
                        | getsockname(descriptor, generic, &size)
                }
            }
            guard status == 0 else { throw POSIXError(.EADDRNOTAVAIL) }
            port = Int(UInt16(bigEndian: address.sin_port))
            let left = Locked(answers)
            let taken = taken
            Thread.detachNewThread {
                while true {
                    let connection = accept(descriptor, nil, nil)
                    if connection < 0 { return }
                    guard let one = Self.read(connection) else { continue }
                    taken.withLock { $0.append(one) }
                    let answer = left.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
                    if answer.status == Self.never { continue }
                    if answer.status == Self.endless {
                        Self.sendForever(connection)
                        close(connection)
                        continue
                    }
                    let text =
                        "HTTP/1.1 \(answer.status) X\r\nContent-Length: \(answer.body.utf8.count)\r\n"
                        + "Connection: close\r\n\r\n\(answer.body)"
                    var bytes = Array(text.utf8)[...]
                    while !bytes.isEmpty {
                        let part = Array(bytes)
                        let sent = unsafe part.withUnsafeBytes {
                            unsafe send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                        }
                        if sent <= 0 { break }
                        bytes = bytes.dropFirst(sent)
                    }
                    close(connection)
                }
            }
        }

        deinit {
            shutdown(listener, Int32(SHUT_RDWR))
            close(listener)
        }

        private static func read(_ connection: Int32) -> Taken? {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = unsafe buffer.withUnsafeMutableBytes {
                    unsafe recv(connection, $0.baseAddress, $0.count, 0)
                }
                if count <= 0 { return nil }
                bytes += buffer.prefix(count)
                guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { continue }
                let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).lowercased()
                let field = head.split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
                let length = field.flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) } ?? 0
                if bytes.count >= end.upperBound + length {
                    return Taken(head: head, body: Array(bytes[end.upperBound...]))
                }
            }
        }
    }

    private let runner = WebhookPlugIn(
        client: HTTPClient(),
        patience: Patience(
            clock: WallClock(), backoff: Backoff(first: .milliseconds(2), longest: .milliseconds(10)),
            generator: SystemRandomNumberGenerator()),
        secret: Array("key".utf8))

    private func run(_ port: Int, limit: Double = 30) async -> (result: PlugInResult, steps: Int) {
        let call = PlugInCall(
            pack: "fans", means: .webhook("http://127.0.0.1:\(port)/hook"), arguments: ["fan": "3"],
            timeLimitSeconds: limit)
        let request = PlugInRequest(id: "operation-17", call: call, tip: 3, title: "t", subject: ["host": "kvm1"])
        let steps = Locked(0)
        let result = await runner.run(request) { _ in steps.withLock { $0 += 1 } }
        return (result, steps.withLock { $0 })
    }

    @Test func aCallIsSignedAndItsAnswerRead() async throws {
        let web = try Web([(200, "{\"progress\": 0.5}\n{\"result\": \"done\", \"message\": \"ticket 7\"}")])
        let (result, steps) = await run(web.port)
        #expect(result == .done("ticket 7") && steps == 1)
        let taken = try #require(web.taken.withLock { $0.first })
        #expect(taken.head.hasPrefix("post /hook"))
        #expect(
            taken.head.contains(
                "x-evenkeel-signature: " + MessageSignature.value(of: taken.body, secret: Array("key".utf8))))
        #expect(String(decoding: taken.body, as: UTF8.self).contains(#""arguments":{"fan":"3"}"#))
    }

    @Test func whatMayComeRightIsCalledAgainUnderTheSameKey() async throws {
        let web = try Web([(503, ""), (429, ""), (500, "x"), (204, "")])
        let (result, steps) = await run(web.port)
        guard case .done = result else { return #expect(Bool(false), "\(result)") }
        #expect(steps == 3)
        let taken = web.taken.withLock { $0 }
        #expect(taken.count == 4 && taken.allSatisfy { $0.head.contains("idempotency-key: operation-17") })
        #expect(Set(taken.map(\.body)).count == 1)
    }

    @Test(arguments: [400, 401, 404, 422, 302])
    func whatIsRefusedIsNotCalledAgain(status: Int) async throws {
        let web = try Web([(status, "no")])
        let (result, _) = await run(web.port)
        guard case .failed(let reason) = result else { return #expect(Bool(false), "\(result)") }
        #expect(reason.contains("\(status)"))
        #expect(web.taken.withLock { $0.count } == 1)
    }

    @Test func aFailureAndALargeAnswerAreFailures() async throws {
        let failing = try Web([(200, #"{"result": "failed", "message": "no spare"}"#)])
        #expect(await run(failing.port).result == .failed("no spare"))
        let large = try Web([(200, String(repeating: "x", count: 100_000))])
        guard case .failed(let reason) = await run(large.port).result else { return #expect(Bool(false)) }
        #expect(reason.contains("bytes"))
    }

    @Test func oneThatNeverAnswersAndOneThatNeverEndsAreFailures() async throws {
        let silent = try Web([(Web.never, "")])
        guard case .failed = await run(silent.port, limit: 0.5).result else { return #expect(Bool(false)) }
        let endless = try Web([(Web.endless, "")])
        guard case .failed(let reason) = await run(endless.port).result else { return #expect(Bool(false)) }
        #expect(reason.contains("bytes"), "\(reason)")
        // It is not asked to do so again.
        #expect(endless.taken.withLock { $0.count } == 1)
    }

    @Test func aServerThatIsAwayIsCalledUntilTheTimeIsOver() async throws {
        let port = try Web([(200, "")]).port
        let (result, steps) = await run(port, limit: 0.3)
        guard case .failed = result else { return #expect(Bool(false), "\(result)") }
        #expect(steps > 1)
    }

    @Test func aSimulatedOneAnswersAsItIsTold() async throws {
        let runner = SimulatedPlugIn { request in ([], request.tip == 3 ? .done("ok") : .failed("no")) }
        #expect(await runner.run(PackFolder.request()) { _ in } == .done("ok"))
    }
}
