/// Why a server cannot start.
public enum ServerError: Error, Hashable, Sendable {
    /// Beyond loopback nothing listens without TLS and tokens.
    case unprotected(address: String)
    /// A file of the configuration or of the data folder cannot be used.
    case damagedFile(path: String, reason: String)
    /// The configuration says something that cannot be.
    case invalidConfiguration(place: String, reason: String)
    /// Somebody else listens there, or nobody may.
    case cannotListen(address: String, reason: String)
}

extension ServerError {
    /// The file at `path` could not be read, for `error`. `advice` says what it holds and what can be done without it.
    static func unreadable(_ path: String, _ error: any Error, _ advice: String) -> ServerError {
        let reason = (error as? DecodingError).map(FleetJSON.explain) ?? "\(error)"
        return .damagedFile(path: path, reason: "\(reason) \(advice)")
    }
}

extension ServerError: CustomStringConvertible {
    /// What is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .unprotected(let address):
            """
            will not listen on \(address) without TLS: beyond loopback set 'tls_certificate' and 'tls_key' in the \
            configuration and make tokens with 'evenkeel token create'
            """
        case .damagedFile(let path, let reason): "\(path) cannot be used: \(reason)"
        case .invalidConfiguration(let place, let reason): "\(place): \(reason)"
        case .cannotListen(let address, let reason):
            "cannot listen on \(address): \(reason); stop what uses it or choose another port with --listen"
        }
    }
}
