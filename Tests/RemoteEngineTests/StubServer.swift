import FleetModel
import Foundation
import Glibc

/// An HTTP server on loopback that gives every request the same answer, whatever it is, or none.
final class StubServer: Sendable {
    let url: String
    private let listener: Int32
    private let held = Locked<[Int32]>([])

    /// `answer` is all that is sent, status line included; `nil` never answers.
    init(answer: [UInt8]?) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        listener = descriptor
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe bind(descriptor, generic, size) | listen(descriptor, 16)
                    | getsockname(descriptor, generic, &size)
            }
        }
        guard status == 0 else { throw POSIXError(.EADDRNOTAVAIL) }
        url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
        let held = held
        Thread.detachNewThread {
            while case let connection = accept(descriptor, nil, nil), connection >= 0 {
                guard let answer else {
                    held.withLock { $0.append(connection) }
                    continue
                }
                var part = [UInt8](repeating: 0, count: 1 << 16)
                _ = unsafe part.withUnsafeMutableBytes { unsafe recv(connection, $0.baseAddress, $0.count, 0) }
                _ = unsafe answer.withUnsafeBytes {
                    unsafe send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                close(connection)
            }
        }
    }

    /// A status with a body.
    convenience init(_ status: Int, _ body: String) throws {
        let head =
            "HTTP/1.1 \(status) X\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
        try self.init(answer: Array((head + body).utf8))
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        held.withLock { for connection in $0 { close(connection) } }
    }
}
