import FleetModel
import Foundation
import Glibc
import MailClient
import Testing

@testable import Notifications

/// Real conversations with a server that takes mail.
@Suite struct MailTests {
    private static let message = MailMessage(
        from: "evenkeel@example.org", to: ["ops@example.org", "boss@example.org"], subject: "kvm1: Größe\r\nBcc: x@y",
        body: "Grüße\n.\n" + String(repeating: "x", count: 2000), id: "ops-1 7",
        time: Timestamp(milliseconds: 1_769_860_800_000))

    private func server(_ port: Int, _ protection: MailServer.Protection) -> MailServer {
        var server = MailServer(host: "127.0.0.1", port: port, protection: protection)
        server.login = .init(user: "evenkeel", password: "secret")
        server.timeLimit = .seconds(20)
        return server
    }

    private func stub(_ box: StubMailbox) throws -> StubServer {
        try StubServer { box.converse(Wire(input: $0, output: $0)) }
    }

    @Test func aMessageArrivesWhole() async throws {
        let box = StubMailbox()
        let stub = try stub(box)
        try await MailClient.send(Self.message, to: server(stub.port, .off))
        let letter = try #require(box.letters.withLock { $0.first })
        #expect(letter.from.hasPrefix("MAIL FROM:<evenkeel@example.org>"))
        #expect(letter.to == ["RCPT TO:<ops@example.org>", "RCPT TO:<boss@example.org>"])
        let parts = letter.text.split(separator: "\n\n", maxSplits: 1)
        let head = String(parts[0])
        for line in [
            "Date: Sat, 31 Jan 2026 12:00:00 +0000", "From: Evenkeel <evenkeel@example.org>",
            "Message-ID: <ops-1_7@example.org>", "Auto-Submitted: auto-generated",
        ] {
            #expect(head.contains(line), "\(head)")
        }
        // A subject cannot smuggle a header field in.
        #expect(!head.contains("\nBcc"))
        #expect(head.contains("Subject: =?utf-8?B?"))
        #expect(letter.text.split(separator: "\n").allSatisfy { $0.utf8.count <= 998 })
        let body = Data(base64Encoded: String(parts[1]), options: .ignoreUnknownCharacters)
        #expect(body.map { String(decoding: $0, as: UTF8.self) } == Self.message.body)
    }

    @Test func whereStartTLSIsWantedNothingIsSentWithoutIt() async throws {
        let box = StubMailbox()
        let stub = try stub(box)
        let error = await #expect(throws: MailError.self) {
            try await MailClient.send(Self.message, to: server(stub.port, .startTLS))
        }
        guard case .later = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(box.commands.withLock { $0 }.allSatisfy { $0.hasPrefix("EHLO") || $0 == "QUIT" })
    }

    @Test(arguments: ["550 no such user", "552 too large"])
    func whatTheServerRefusesForGoodIsRefused(answer: String) async throws {
        var manners = StubMailbox.Manners()
        if answer.hasPrefix("550") { manners.recipient = answer } else { manners.content = answer }
        let stub = try stub(StubMailbox(manners))
        let error = await #expect(throws: MailError.self) {
            try await MailClient.send(Self.message, to: server(stub.port, .off))
        }
        guard case .refused(_, let code, _) = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(answer.hasPrefix("\(code)"))
    }

    @Test(arguments: ["451 later", "535 who?"])
    func whatMayComeRightIsTriedAgain(answer: String) async throws {
        var manners = StubMailbox.Manners()
        if answer.hasPrefix("535") { manners.login = answer } else { manners.content = answer }
        let stub = try stub(StubMailbox(manners))
        let error = await #expect(throws: MailError.self) {
            try await MailClient.send(Self.message, to: server(stub.port, .off))
        }
        guard case .later = error else { return #expect(Bool(false), "\(String(describing: error))") }
    }

    @Test func cancellingEndsAConversationThatStalls() async throws {
        let reached = AsyncStream.makeStream(of: Void.self)
        let stub = try StubServer { connection in
            reached.continuation.yield()
            Wire.pump(from: connection, to: connection)
        }
        let server = server(stub.port, .off)
        let task = Task { try await MailClient.send(Self.message, to: server) }
        for await _ in reached.stream { break }
        task.cancel()
        let result = await task.result
        #expect { try result.get() } throws: { $0 as? MailError == .cancelled }
    }

    @Test(arguments: [
        ("ops@example.org", true), ("a.b+c@x.y", true), ("", false), ("ops", false), ("@x", false), ("a@", false),
        ("a@b@c", false), ("a b@c", false), ("a@b\r\nRCPT TO:<x@y>", false), ("<a@b>", false), ("a@b>", false),
    ])
    func addresses(text: String, expected: Bool) { #expect(MailMessage.isAddress(text) == expected) }

    // MARK: TLS

    private static let openssl = "/usr/bin/openssl"

    @Test(
        .enabled(if: FileManager.default.isExecutableFile(atPath: openssl), "openssl is not installed"),
        arguments: [MailServer.Protection.tls, .startTLS])
    func aServerProvesWhoItIsUnderTLS(protection: MailServer.Protection) async throws {
        let box = StubMailbox()
        let identity = try TLSIdentity()
        var plain = StubMailbox.Manners()
        plain.offers = ["STARTTLS"]
        let front = StubMailbox(plain)
        let stub = try StubServer { connection in
            if protection == .tls { return identity.serve(connection, box, greets: true) }
            front.converse(Wire(input: connection, output: connection)) {
                identity.serve(connection, box, greets: false)
            }
        }
        var server = server(stub.port, protection)
        // Nobody vouches for the server: nothing is sent, the password least of all.
        let error = await #expect(throws: MailError.self) { try await MailClient.send(Self.message, to: server) }
        guard case .later = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(box.commands.withLock { $0 }.isEmpty)
        server.certificateAuthority = identity.certificate
        try await MailClient.send(Self.message, to: server)
        #expect(box.letters.withLock { $0.count } == 1)
        #expect(box.commands.withLock { $0 }.contains { $0.hasPrefix("AUTH") })
        #expect(!front.commands.withLock { $0 }.contains { $0.hasPrefix("AUTH") })
    }
}

/// A certificate that openssl made, and what stands behind it.
private final class TLSIdentity: Sendable {
    let certificate: String
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "mail-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        certificate = folder.path + "/cert.pem"
        let making = Process()
        making.executableURL = URL(filePath: "/usr/bin/openssl")
        making.arguments = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-keyout", folder.path + "/key.pem", "-out", certificate, "-subj", "/CN=127.0.0.1",
            "-addext", "subjectAltName=IP:127.0.0.1",
        ]
        making.standardError = FileHandle.nullDevice
        try making.run()
        making.waitUntilExit()
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Passes a connection through an openssl of its own, which takes TLS off, to `box`.
    func serve(_ connection: Int32, _ box: StubMailbox, greets: Bool) {
        guard let port = try? StubServer({ _ in }).port else { return }
        let (input, output) = (Pipe(), Pipe())
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = [
            "s_server", "-quiet", "-naccept", "1", "-accept", "127.0.0.1:\(port)", "-cert", certificate,
            "-key", folder.path + "/key.pem",
        ]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return }
        let (reading, writing) = (output.fileHandleForReading.fileDescriptor, input.fileHandleForWriting.fileDescriptor)
        let done = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            box.converse(Wire(input: reading, output: writing), greets: greets)
            done.signal()
        }
        // It takes one connection only, so nobody may knock to see whether it listens.
        while process.isRunning, !Self.listens(port) { usleep(2000) }
        if let inner = try? StubServer.connect(to: port) {
            Thread.detachNewThread { Wire.pump(from: connection, to: inner) }
            Wire.pump(from: inner, to: connection)
            shutdown(connection, Int32(SHUT_RDWR))
            close(inner)
        }
        process.terminate()
        process.waitUntilExit()
        done.wait()
        withExtendedLifetime((input, output)) {}
    }

    /// Whether somebody listens there, by `/proc/net/tcp` (state 0A).
    private static func listens(_ port: Int) -> Bool {
        let table = (try? String(contentsOfFile: "/proc/net/tcp", encoding: .utf8)) ?? ""
        let digits = String(port, radix: 16, uppercase: true)
        let place = ":" + String(repeating: "0", count: 4 - digits.count) + digits
        return table.split(separator: "\n").contains { line in
            let fields = line.split(separator: " ")
            return fields.count > 3 && fields[1].hasSuffix(place) && fields[3] == "0A"
        }
    }
}
