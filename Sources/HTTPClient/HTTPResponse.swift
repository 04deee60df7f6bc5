/// What came back.
public struct HTTPResponse: Sendable {
    /// Where it came from, for messages.
    public var url: String
    /// The status code.
    public var status: Int
    /// The header fields in the order of arrival, names in lower case.
    public var headers: [(name: String, value: String)]
    /// The body, decompressed.
    public var body: [UInt8]

    /// A response, for those who stand in for a server.
    public init(url: String, status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.url = url
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first value of a header field; `name` in lower case.
    public subscript(header name: String) -> String? { headers.first { $0.name == name }?.value }

    /// The body as text; what is not UTF-8 is replaced.
    public var text: String { String(decoding: body, as: UTF8.self) }

    /// Itself where the status is 200 to 299; otherwise throws `HTTPClientError.status` with the body as evidence.
    @discardableResult
    public func requireSuccess() throws(HTTPClientError) -> HTTPResponse {
        guard (200...299).contains(status) else {
            throw .status(url: url, status: status, body: String(decoding: body.prefix(2000), as: UTF8.self))
        }
        return self
    }
}
