import FleetModel
import Foundation
import Glibc
import MetricsWire

/// A remote-write receiver on loopback that answers as a test tells it to and keeps what it took.
final class StubReceiver: Sendable {
    /// What it does with a request.
    enum Answer: Sendable {
        /// A status, with further header lines; 2xx takes the samples.
        case status(Int, String)
        /// Never.
        case nothing
        /// By what the request holds.
        case byContent(@Sendable ([SeriesSamples]) -> Int)
    }

    private struct State: Sendable {
        var answer = Answer.status(204, "")
        var taken: [SeriesSamples] = []
        var requests = 0
        var authorization: String?
        var held: [Int32] = []
    }

    let url: String
    private let listener: Int32
    private let state = Locked(State())

    init() throws {
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
        url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))/api/v1/write"
        let (descriptorToAccept, state) = (listener, state)
        Thread.detachNewThread {
            while true {
                let connection = accept(descriptorToAccept, nil, nil)
                if connection < 0 { return }
                Thread.detachNewThread { Self.serve(connection, state) }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        state.withLock { for connection in $0.held { close(connection) } }
    }

    func answer(_ answer: Answer) { state.withLock { $0.answer = answer } }

    var requests: Int { state.withLock { $0.requests } }
    var authorization: String? { state.withLock { $0.authorization } }

    /// The samples that it took, by series, in the order of arrival.
    var taken: [Labels: [(time: Int64, value: Double)]] {
        state.withLock { state in
            var series: [Labels: [(time: Int64, value: Double)]] = [:]
            for one in state.taken {
                series[one.labels, default: []] += zip(one.samples.times, one.samples.values).map { ($0, $1) }
            }
            return series
        }
    }

    var takenCount: Int { state.withLock { $0.taken.reduce(0) { $0 + $1.samples.count } } }

    private static func serve(_ connection: Int32, _ state: Locked<State>) {
        var buffer: [UInt8] = []
        while let (head, body) = request(from: connection, &buffer) {
            let samples = (try? Self.samples(body)) ?? []
            let answer: Answer = state.withLock { state in
                state.requests += 1
                state.authorization = head.split(separator: "\r\n").first {
                    $0.lowercased().hasPrefix("authorization:")
                }
                .map { String($0.dropFirst(15)) }
                return state.answer
            }
            var status = 204
            var more = ""
            switch answer {
            case .nothing:
                state.withLock { $0.held.append(connection) }
                return
            case .status(let number, let lines): (status, more) = (number, lines)
            case .byContent(let judge): status = judge(samples)
            }
            if (200...299).contains(status) { state.withLock { $0.taken += samples } }
            let text = "HTTP/1.1 \(status) X\r\n\(more)Content-Length: 0\r\n\r\n"
            _ = unsafe Array(text.utf8).withUnsafeBytes {
                unsafe send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
        }
        close(connection)
    }

    private static func request(from connection: Int32, _ buffer: inout [UInt8]) -> (head: String, body: [UInt8])? {
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            if let end = Data(buffer).range(of: Data("\r\n\r\n".utf8)) {
                let head = String(decoding: buffer[..<end.lowerBound], as: UTF8.self)
                let length =
                    head.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
                    .flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) } ?? 0
                if buffer.count >= end.upperBound + length {
                    let body = Array(buffer[end.upperBound..<end.upperBound + length])
                    buffer.removeFirst(end.upperBound + length)
                    return (head, body)
                }
            }
            let count = unsafe part.withUnsafeMutableBytes { unsafe recv(connection, $0.baseAddress, $0.count, 0) }
            if count <= 0 { return nil }
            buffer += part.prefix(count)
        }
    }

    /// What a request holds.
    static func samples(_ body: [UInt8]) throws -> [SeriesSamples] {
        let bytes = try Snappy.decompress(body, limit: 64 << 20)
        return try unsafe read(bytes.span.bytes)
    }

    private static func read(_ bytes: RawSpan) throws -> [SeriesSamples] {
        var found: [SeriesSamples] = []
        var offset = 0
        while let range = try RemoteWriteDecoder.nextSeries(bytes, at: &offset) {
            var pairs: [Labels.Pair] = []
            var samples = SampleColumns()
            var place = range.lowerBound
            while let field = try RemoteWriteDecoder.nextField(bytes, at: &place, before: range.upperBound) {
                switch field {
                case .sample(let time, let value): samples.append(time, value)
                case .label(let name, let value):
                    pairs.append(Labels.Pair(text(bytes, name), text(bytes, value)))
                }
            }
            found.append(SeriesSamples(labels: Labels(pairs), samples: samples))
        }
        return found
    }

    private static func text(_ bytes: RawSpan, _ range: Range<Int>) -> String {
        unsafe bytes.extracting(range).withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
