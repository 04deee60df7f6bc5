import NIOSSL

/// A certificate and its key, in PEM.
public struct TLSFiles: Hashable, Sendable {
    /// The certificate and those between it and its authority.
    public var certificate: String
    /// Its private key.
    public var key: String

    /// A certificate with its key.
    public init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }

    /// What a server speaks TLS with: 1.2 or newer. Throws what is wrong with the files.
    public func settings() throws -> TLSConfiguration {
        let chain = try NIOSSLCertificate.fromPEMFile(certificate).map { NIOSSLCertificateSource.certificate($0) }
        let key = try NIOSSLPrivateKey(file: key, format: .pem)
        var settings = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key))
        settings.minimumTLSVersion = .tlsv12
        return settings
    }
}
