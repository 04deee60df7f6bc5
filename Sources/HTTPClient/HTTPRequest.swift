/// What to send.
public struct HTTPRequest: Sendable {
    /// The methods that Evenkeel uses.
    public enum Method: String, Sendable {
        /// Reads.
        case get = "GET"
        /// Sends a body.
        case post = "POST"
        /// Replaces by a body.
        case put = "PUT"
        /// Removes.
        case delete = "DELETE"
    }

    /// How it is sent.
    public var method: Method
    /// Where to: an `http` or `https` URL, already percent-encoded.
    public var url: String
    /// Further header fields, in order; a name or value with a line break or a control character is refused.
    public var headers: [(name: String, value: String)]
    /// What is sent along.
    public var body: [UInt8]
    /// How long a connection may take to come about.
    public var connectLimit: Duration = .seconds(10)
    /// How long everything may take, connecting included. A long poll needs more than it asks the server to wait.
    public var totalLimit: Duration = .seconds(60)
    /// The most bytes of a response's body, after decompression.
    public var responseLimit: Int = 64 << 20
    /// A file of certificates in PEM to trust in place of the system's.
    public var certificateAuthority: String?
    /// A file with our own certificate in PEM, for servers that want one.
    public var clientCertificate: String?
    /// A file with its private key in PEM.
    public var clientKey: String?

    /// A request.
    public init(
        _ method: Method, _ url: String, headers: [(name: String, value: String)] = [], body: [UInt8] = []
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }

    /// Adds `Authorization: Bearer` with the token.
    public mutating func authorize(bearer token: String) {
        headers.append((name: "Authorization", value: "Bearer \(token)"))
    }

    /// The URL as it may be shown: without a user's name and password.
    public var shownURL: String {
        guard let scheme = url.firstRange(of: "://") else { return url }
        let rest = url[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard let sign = authority.lastIndex(of: "@") else { return url }
        return String(url[..<scheme.upperBound] + rest[rest.index(after: sign)...])
    }

    /// `text` so that it can stand as a name or value in a query or a form (RFC 3986: all but unreserved characters
    /// percent-encoded).
    public static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e: result.append(byte)
            default: result += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
