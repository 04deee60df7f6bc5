/// How messages are signed: the receiver computes the same over the body as it came, and compares.
public enum MessageSignature {
    /// The header field.
    public static let header = "X-Evenkeel-Signature"

    /// `sha256=` and HMAC-SHA256 of `body` under `secret` in hexadecimal.
    public static func value(of body: [UInt8], secret: [UInt8]) -> String {
        "sha256=" + SHA256.hexadecimal(SHA256.authenticationCode(of: body, key: secret))
    }
}
