import FleetModel
import Foundation

/// A message of plain text (RFC 5322, MIME), whatever is in its parts.
public struct MailMessage: Hashable, Sendable {
    /// Who it is from: an address.
    public var from: String
    /// Who gets it: addresses.
    public var to: [String]
    /// One line.
    public var subject: String
    /// The text.
    public var body: String
    /// What tells it from every other message: one word; the same for the same message sent again.
    public var id: String
    /// When it was written.
    public var time: Timestamp

    /// A message.
    public init(from: String, to: [String], subject: String, body: String, id: String, time: Timestamp) {
        self.from = from
        self.to = to
        self.subject = subject
        self.body = body
        self.id = id
        self.time = time
    }

    /// Whether `text` can be an address here: a plain `local@domain` without quoting, comments or anything that could
    /// become another header field or command.
    public static func isAddress(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, text.utf8.count <= 254, parts.allSatisfy({ !$0.isEmpty }) else { return false }
        let isDomain = parts[1].allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-.".contains($0)) }
        return isDomain
            && parts[0].allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "!#$%&'*+-/=?^_{|}~.".contains($0)) }
    }

    /// The message as it goes over the wire.
    var bytes: [UInt8] {
        let domain = from.split(separator: "@").last ?? "localhost"
        let lines = [
            "Date: \(Self.date(time))", "From: Evenkeel <\(from)>",
            "To: \(to.joined(separator: ",\r\n "))", "Subject: \(Self.encoded(subject))",
            "Message-ID: <\(Self.word(id))@\(domain)>", "Auto-Submitted: auto-generated", "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64", "", "",
        ]
        let options: Data.Base64EncodingOptions = [
            .lineLength76Characters, .endLineWithCarriageReturn, .endLineWithLineFeed,
        ]
        let text = Data(body.utf8).base64EncodedString(options: options)
        return Array((lines.joined(separator: "\r\n") + text + "\r\n").utf8)
    }

    private static func word(_ id: String) -> String {
        String(id.map { $0.isASCII && ($0.isLetter || $0.isNumber || "-._".contains($0)) ? $0 : "_" }.prefix(200))
    }

    /// Words of base64 (RFC 2047), each short enough for a line and whole in its characters; controls become spaces.
    private static func encoded(_ subject: String) -> String {
        let plain = subject.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : Character($0) }
        let text = String(plain.prefix(400))
        let isPlain =
            text.utf8.allSatisfy { (0x20...0x7e).contains($0) } && !text.contains("=?") && text.utf8.count <= 70
        if isPlain { return text }
        var words: [String] = []
        var word = ""
        for character in text.unicodeScalars {
            if word.utf8.count + Character(character).utf8.count > 42 {
                words.append(word)
                word = ""
            }
            word.unicodeScalars.append(character)
        }
        words.append(word)
        return words.map { "=?utf-8?B?\(Data($0.utf8).base64EncodedString())?=" }.joined(separator: "\r\n ")
    }

    /// `Sat, 31 Jan 2026 12:00:00 +0000`.
    private static func date(_ moment: Timestamp) -> String {
        var seconds = time_t(moment.milliseconds / 1000)
        var parts = unsafe tm()
        guard unsafe gmtime_r(&seconds, &parts) != nil else { return "Thu, 01 Jan 1970 00:00:00 +0000" }
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let (weekday, month) = unsafe (Int(parts.tm_wday), Int(parts.tm_mon))
        return unsafe "\(days[weekday]), \(two(parts.tm_mday)) \(months[month]) \(parts.tm_year + 1900) "
            + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) +0000"
    }
}
