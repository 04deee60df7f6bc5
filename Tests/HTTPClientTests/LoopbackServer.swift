import Foundation
import Glibc
import Synchronization

/// A server for tests on a real loopback socket: answers each request with what `answer` says, byte for byte; an answer
/// of `nil` never comes. Keeps what it was sent.
final class LoopbackServer: Sendable {
    struct Request: Sendable {
        var head: String
        var body: [UInt8]
    }

    let port: UInt16
    private let listener: Int32
    private let requests = Mutex<[Request]>([])
    private let connections = Mutex<[Int32]>([])
    private let answer: @Sendable (Request) -> String?

    var received: [Request] { requests.withLock { $0 } }
    var connectionCount: Int { connections.withLock { $0.count } }
    var url: String { "http://127.0.0.1:\(port)" }

    init(answer: @escaping @Sendable (Request) -> String?) throws {
        self.answer = answer
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let bound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                let status = unsafe bind(descriptor, generic, size)
                unsafe getsockname(descriptor, generic, &size)
                return status
            }
        }
        guard bound == 0, listen(listener, 64) == 0 else { throw Failure.cannotListen(errno) }
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { self.accept() }
    }

    enum Failure: Error { case cannotListen(Int32) }

    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        for connection in connections.withLock({ $0 }) { shutdown(connection, Int32(SHUT_RDWR)) }
    }

    private func accept() {
        while true {
            let connection = Glibc.accept(listener, nil, nil)
            if connection < 0 { return }
            connections.withLock { $0.append(connection) }
            Thread.detachNewThread { self.serve(connection) }
        }
    }

    private func serve(_ connection: Int32) {
        var pending: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            while let (request, length) = Self.parse(pending) {
                pending.removeFirst(length)
                requests.withLock { $0.append(request) }
                guard let text = answer(request) else { continue }
                var bytes = Array(text.utf8)
                while !bytes.isEmpty {
                    let sent = unsafe send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
                    if sent <= 0 { return }
                    bytes.removeFirst(sent)
                }
            }
            let count = unsafe recv(connection, &buffer, buffer.count, 0)
            if count <= 0 { return }
            pending += buffer.prefix(count)
        }
    }

    private static func parse(_ bytes: [UInt8]) -> (Request, Int)? {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
        let lengths = head.split(separator: "\r\n").filter { $0.lowercased().hasPrefix("content-length:") }
        let length = lengths.first.flatMap { Int($0.dropFirst(15).filter(\.isNumber)) } ?? 0
        guard bytes.count >= end.upperBound + length else { return nil }
        return (
            Request(head: head, body: Array(bytes[end.upperBound..<end.upperBound + length])), end.upperBound + length
        )
    }
}
