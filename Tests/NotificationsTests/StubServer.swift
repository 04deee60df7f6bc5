import FleetModel
import Foundation
import Glibc
import MailClient
import Testing

/// Something that listens on loopback and has a conversation with each who comes; ends with the test.
final class StubServer: Sendable {
    let port: Int
    private let listener: Int32
    private let connections = Locked<[Int32]>([])

    /// Who comes may go in the middle of a word; that is an error of the write and no reason to end the tests.
    private static let ignoresBrokenPipes: Void = { _ = signal(SIGPIPE, SIG_IGN) }()

    init(_ serve: @escaping @Sendable (Int32) -> Void) throws {
        _ = Self.ignoresBrokenPipes
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
        let connections = connections
        Thread.detachNewThread {
            // Who uses a descriptor closes it: one that is closed under its user may be somebody else's already.
            defer { close(descriptor) }
            while true {
                let connection = accept(descriptor, nil, nil)
                if connection < 0 { return }
                connections.withLock { $0.append(connection) }
                Thread.detachNewThread {
                    serve(connection)
                    connections.withLock { open in
                        open.removeAll { $0 == connection }
                        shutdown(connection, Int32(SHUT_RDWR))
                        close(connection)
                    }
                }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        connections.withLock { open in
            for connection in open { shutdown(connection, Int32(SHUT_RDWR)) }
        }
    }

    /// A connection to another port of loopback.
    static func connect(to port: Int) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(descriptor, $0, size)
            }
        }
        guard status == 0 else { throw POSIXError(.ECONNREFUSED) }
        return descriptor
    }
}

/// The two ends of a conversation in lines.
struct Wire {
    let input: Int32
    let output: Int32

    func line() -> String? {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while unsafe read(input, &byte, 1) == 1 {
            if byte == 0x0a {
                return String(decoding: bytes.last == 0x0d ? bytes.dropLast() : bytes[...], as: UTF8.self)
            }
            bytes.append(byte)
        }
        return nil
    }

    func bytes(_ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let part = unsafe bytes.withUnsafeMutableBytes {
                unsafe read(input, $0.baseAddress?.advanced(by: done), count - done)
            }
            if part <= 0 { return nil }
            done += part
        }
        return bytes
    }

    func say(_ text: String) {
        let bytes = Array((text + "\r\n").utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe write(output, $0.baseAddress, $0.count) }
    }

    /// Passes bytes on until one side ends.
    static func pump(from: Int32, to: Int32) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(from, $0.baseAddress, $0.count) }
            if count <= 0 { break }
            if unsafe buffer.withUnsafeBytes({ unsafe write(to, $0.baseAddress, count) }) <= 0 { break }
        }
        shutdown(to, Int32(SHUT_WR))
    }
}

/// A server that takes mail, as SMTP has it (RFC 5321), and answers as a test tells it to.
final class StubMailbox: Sendable {
    struct Letter: Sendable {
        var from = ""
        var to: [String] = []
        var text = ""
    }

    struct Manners: Sendable {
        var offers: [String] = ["AUTH PLAIN", "8BITMIME"]
        var recipient = "250 ok"
        var content = "250 taken"
        var login = "235 welcome"
    }

    let letters = Locked<[Letter]>([])
    let commands = Locked<[String]>([])
    let manners: Manners

    init(_ manners: Manners = Manners()) { self.manners = manners }

    /// `upgrade` takes over after STARTTLS.
    func converse(_ wire: Wire, greets: Bool = true, upgrade: (() -> Void)? = nil) {
        if greets { wire.say("220 stub") }
        var letter = Letter()
        while let line = wire.line() {
            commands.withLock { $0.append(line) }
            switch line.split(separator: " ").first?.uppercased() {
            case "EHLO":
                let all = ["stub"] + manners.offers
                for (place, word) in all.enumerated() { wire.say("250\(place == all.count - 1 ? " " : "-")\(word)") }
            case "STARTTLS":
                wire.say("220 go on")
                upgrade?()
                return
            case "AUTH":
                if line.split(separator: " ").count == 2 {
                    wire.say("334 ")
                    _ = wire.line()
                }
                wire.say(manners.login)
            case "MAIL":
                letter.from = line
                wire.say("250 ok")
            case "RCPT":
                letter.to.append(line)
                wire.say(manners.recipient)
            case "DATA":
                wire.say("354 go on")
                while let next = wire.line(), next != "." { letter.text += next + "\n" }
                wire.say(manners.content)
                let taken = letter
                if manners.content.hasPrefix("2") { letters.withLock { $0.append(taken) } }
            case "QUIT":
                wire.say("221 bye")
                return
            default: wire.say("500 what?")
            }
        }
    }
}
