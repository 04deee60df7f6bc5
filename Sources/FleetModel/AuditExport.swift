/// The lines of an exported audit log, one JSON object each:
///
/// ```
/// {"evenkeel-audit":1,"after":0,"seal":"000…"}          the seal before the first entry
/// {"entry":{…document(n), byte for byte…},"seal":"…"}   one for each entry, in order
/// {"end":41,"seal":"…"}                                 the last entry; without it the file was cut off
/// ```
public enum AuditExport {
    /// The first line, for an export of what comes after `chain`.
    public static func header(after chain: AuditChain) -> String {
        #"{"evenkeel-audit":1,"after":\#(chain.number),"seal":"\#(chain.seal)"}"#
    }

    /// The line of one entry.
    public static func line(document: String, seal: String) -> String {
        prefix + document + middle + seal + suffix
    }

    /// The last line.
    public static func end(_ chain: AuditChain) -> String { #"{"end":\#(chain.number),"seal":"\#(chain.seal)"}"# }

    private static let prefix = #"{"entry":"#
    private static let middle = #","seal":""#
    private static let suffix = #""}"#

    /// Checks an export line by line.
    public struct Reader: Sendable {
        /// The chain as far as it was read; `nil` before the header.
        public private(set) var chain: AuditChain?
        /// How many entries were read.
        public private(set) var count = 0
        private var line = 0
        private var isAtEnd = false
        private let number: @Sendable (String) -> Int64?

        /// A reader; `number` takes the number out of an entry's document, `nil` where it cannot.
        public init(number: @escaping @Sendable (String) -> Int64?) { self.number = number }

        /// Takes the next line, without its line break. Throws the first break.
        public mutating func take(_ text: String) throws(AuditBreak) {
            line += 1
            if isAtEnd { throw .unreadable(line: line, reason: "something follows the end of the log") }
            guard var chain else { return chain = try header(text) }
            if text.hasPrefix(AuditExport.prefix) {
                try entry(text, &chain)
                self.chain = chain
                count += 1
            } else {
                guard text == AuditExport.end(chain) else {
                    throw .unreadable(
                        line: line, reason: "neither an entry nor the log's end after entry \(chain.number)")
                }
                isAtEnd = true
            }
        }

        /// Says whether the file was whole; returns the chain's end.
        public func finish() throws(AuditBreak) -> AuditChain {
            guard let chain else { throw .unreadable(line: 1, reason: "the file is empty") }
            guard isAtEnd else { throw .cutOff(after: chain.number) }
            return chain
        }

        private func header(_ text: String) throws(AuditBreak) -> AuditChain {
            let parts = text.split(separator: "\"", omittingEmptySubsequences: false)
            // {"evenkeel-audit":1,"after":N,"seal":"S"}
            if parts.count == 9, let after = parts[4].dropFirst().split(separator: ",").first,
                let chain = AuditChain("\(after):\(parts[7])"), text == AuditExport.header(after: chain)
            {
                return chain
            }
            throw .unreadable(line: line, reason: "not the first line of an exported audit log")
        }

        private func entry(_ text: String, _ chain: inout AuditChain) throws(AuditBreak) {
            let tail = AuditExport.middle.utf8.count + 64 + AuditExport.suffix.utf8.count
            let bytes = Array(text.utf8)
            guard bytes.count > AuditExport.prefix.utf8.count + tail else {
                throw .unreadable(line: line, reason: "the entry has no seal")
            }
            let document = String(decoding: bytes[AuditExport.prefix.utf8.count..<(bytes.count - tail)], as: UTF8.self)
            let sealStart = bytes.count - AuditExport.suffix.utf8.count - 64
            let seal = String(decoding: bytes[sealStart..<(sealStart + 64)], as: UTF8.self)
            guard AuditExport.line(document: document, seal: seal) == text else {
                throw .unreadable(line: line, reason: "the entry has no seal")
            }
            guard let number = number(document) else {
                throw .unreadable(line: line, reason: "the entry has no number")
            }
            try chain.verify(number: number, document: document, seal: seal)
        }
    }
}
