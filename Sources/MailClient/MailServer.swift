/// A server that takes mail (SMTP), and how to speak to it.
public struct MailServer: Hashable, Sendable {
    /// How the connection is protected.
    public enum Protection: String, Hashable, Sendable, CaseIterable {
        /// TLS begins in the middle of the conversation (STARTTLS); without it nothing is sent.
        case startTLS = "starttls"
        /// TLS from the first byte, as on port 465.
        case tls
        /// None: on loopback only.
        case off
    }

    /// Its name or address.
    public var host: String
    /// Its port.
    public var port: Int
    /// How the connection is protected; the server's certificate is always verified.
    public var protection: Protection
    /// Who we are; `nil` where it does not ask.
    public var login: Login?
    /// A file of certificates in PEM to trust in place of the system's.
    public var certificateAuthority: String?
    /// How long one message may take.
    public var timeLimit: Duration = .seconds(30)

    /// A user and the password.
    public struct Login: Hashable, Sendable {
        /// The user.
        public var user: String
        /// The password.
        public var password: String

        /// A login.
        public init(user: String, password: String) {
            self.user = user
            self.password = password
        }
    }

    /// A server.
    public init(host: String, port: Int, protection: Protection) {
        self.host = host
        self.port = port
        self.protection = protection
    }

    /// For messages: `smtp.example:587`.
    public var authority: String { "\(host):\(port)" }
}

/// Why a message was not taken.
public enum MailError: Error, Hashable, Sendable {
    /// The server refused it for good: its code.
    case refused(server: String, code: Int, reason: String)
    /// Not now: it was not reached, did not prove who it is, did not take our login, or asks to come again.
    case later(server: String, reason: String)
    /// The task that sent it was cancelled.
    case cancelled
}

extension MailError: CustomStringConvertible {
    /// What happened, and where.
    public var description: String {
        switch self {
        case .refused(let server, let code, let reason): "\(server) refused the message (\(code)): \(reason)"
        case .later(let server, let reason): "\(server) took no message: \(reason)"
        case .cancelled: "sending the message was cancelled"
        }
    }
}
