import FleetModel

/// Texts that others wrote, as reports and labels take them.
enum DomainText {
    /// Longer than any path or model name on a host.
    private static let longest = 1024

    /// The text without control characters, cut where it is longer than any honest one; `nil` stays `nil`.
    static func plain(_ text: String?) -> String? {
        guard let text else { return nil }
        let isShort = text.utf8.count <= longest
        if isShort, text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) { return text }
        var plain = ""
        for scalar in text.unicodeScalars {
            guard plain.utf8.count + 4 <= longest else { break }
            plain.unicodeScalars.append(scalar.properties.generalCategory == .control ? "?" : scalar)
        }
        return plain
    }

    /// A domain's name as names of VMs are. One that breaks their rule gets `-` for every byte that is not in it, and a
    /// mark of the whole name at its end, so that the same name always becomes the same and two stay two.
    static func name(_ text: String, id: VirtualMachineID) -> Name<VirtualMachineKind>? {
        if let name = Name<VirtualMachineKind>(text) { return name }
        let bytes = text.utf8.prefix(50).map { isSafe($0) ? $0 : UInt8(ascii: "-") }
        let body = String(decoding: bytes, as: UTF8.self).drop { !($0.isLetter || $0.isNumber) }
        let digits = String(fingerprint(text), radix: 16)
        let mark = String(repeating: "0", count: 8 - digits.count) + digits
        return Name("\(body.isEmpty ? "vm" : body)-\(mark)") ?? Name(id.text)
    }

    private static func isSafe(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    /// FNV-1a, 32 bits (RFC 9923).
    private static func fingerprint(_ text: String) -> UInt32 {
        text.utf8.reduce(2_166_136_261) { ($0 ^ UInt32($1)) &* 16_777_619 }
    }
}
