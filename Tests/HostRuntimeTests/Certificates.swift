import FleetModel
import FoundationEssentials
import Testing

@testable import HostRuntime

/// A certificate authority and the files that QEMU wants, for tests.
enum Certificates {
    static func make(in folder: String, host: String) async throws {
        try SmallFile.replace("\(folder)/names", with: Array("subjectAltName=DNS:\(host)".utf8))
        try await openssl(
            ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
                + ["-subj", "/CN=test authority", "-keyout", "\(folder)/ca-key.pem", "-out", "\(folder)/ca-cert.pem"],
            folder)
        for role in ["server", "client"] {
            try await openssl(
                ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=\(host)"]
                    + ["-keyout", "\(folder)/\(role)-key.pem", "-out", "\(folder)/request.pem"], folder)
            try await openssl(
                ["x509", "-req", "-in", "\(folder)/request.pem", "-CA", "\(folder)/ca-cert.pem", "-CAcreateserial"]
                    + ["-CAkey", "\(folder)/ca-key.pem", "-days", "2", "-extfile", "\(folder)/names"]
                    + ["-out", "\(folder)/\(role)-cert.pem"], folder)
        }
    }

    private static func openssl(_ arguments: [String], _ folder: String) async throws {
        let output = try MachineFolder.log(at: "\(folder)/openssl.log")
        let identifier = try Spawn(program: "/usr/bin/openssl", arguments: arguments, output: output).start()
        let process = try #require(try ProcessHandle(identifier))
        guard await process.ended(within: .seconds(30)), process.howItEnded() == ExitStatus.text(0) else {
            throw Unexpected(String(decoding: SmallFile.read("\(folder)/openssl.log") ?? [], as: UTF8.self))
        }
    }
}
