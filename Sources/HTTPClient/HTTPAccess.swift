/// How to speak to another server: who we are, whom we trust, how long we wait.
public struct HTTPAccess: Hashable, Sendable {
    /// How we say who we are.
    public enum Credentials: Hashable, Sendable {
        /// Not at all.
        case none
        /// `Authorization: Bearer`.
        case bearer(String)
        /// `Authorization: Basic` (RFC 7617).
        case basic(user: String, password: String)
    }

    /// How we say who we are.
    public var credentials = Credentials.none
    /// A file of certificates in PEM to trust in place of the system's.
    public var certificateAuthority: String?
    /// Our certificate for TLS, a file in PEM.
    public var clientCertificate: String?
    /// Its private key, a file in PEM.
    public var clientKey: String?
    /// How long one request may take, connecting included.
    public var timeLimit: Duration

    /// A server that anybody may ask.
    public init(timeLimit: Duration = .seconds(60)) {
        self.timeLimit = timeLimit
    }

    /// Makes `request` one that the server will take.
    public func apply(to request: inout HTTPRequest) {
        request.certificateAuthority = certificateAuthority
        request.clientCertificate = clientCertificate
        request.clientKey = clientKey
        request.totalLimit = timeLimit
        request.connectLimit = min(request.connectLimit, timeLimit)
        switch credentials {
        case .none: break
        case .bearer(let token): request.authorize(bearer: token)
        case .basic(let user, let password):
            let text = Self.base64(Array("\(user):\(password)".utf8))
            request.headers.append((name: "Authorization", value: "Basic \(text)"))
        }
    }

    /// RFC 4648, section 4.
    static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var result = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let part = bytes[start..<min(start + 3, bytes.count)]
            let bits = part.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - part.count))
            for place in 0..<4 {
                result.append(place <= part.count ? alphabet[bits >> (18 - 6 * place) & 63] : "=")
            }
        }
        return result
    }
}
