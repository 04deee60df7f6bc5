import ConfigurationFile
import FleetModel
import HTTPClient
import Patterns
import RemoteEngine
import SampleExport

/// Other servers that this one speaks to: the engine that keeps the series, and receivers of copies.
extension ServerConfiguration {
    mutating func readEngine(_ reader: inout ConfigurationReader) throws(ConfigurationError) {
        let isRemote = try reader.value("engine", Self.engine) ?? false
        let query = try reader.value("query_url", Self.url)
        let write = try reader.value("write_url", Self.url)
        let access = try Self.access(&reader, prefix: "engine_", timeLimit: .seconds(30))
        externalLabels = try Self.labels(&reader, "external_labels")
        externalURL = try reader.value("external_url", Self.url)
        guard isRemote else {
            if query != nil { throw reader.problem("query_url", "it is for 'engine: remote'") }
            if write != nil { throw reader.problem("write_url", "it is for 'engine: remote'") }
            return
        }
        guard let query else { throw reader.problem("query_url", "'engine: remote' needs it") }
        guard let write else { throw reader.problem("write_url", "'engine: remote' needs it") }
        remoteEngine = RemoteEngine.Endpoint(queryURL: query, writeURL: write, access: access)
    }

    mutating func readExports(_ reader: inout ConfigurationReader) throws(ConfigurationError) {
        for var entry in try reader.list("export") {
            var receiver = try Self.receiver(&entry)
            receiver.externalLabels = externalLabels
            guard !exports.contains(where: { $0.name == receiver.name }) else {
                throw entry.problem("name", "two receivers are called '\(receiver.name)'")
            }
            try entry.refuseUnknownKeys()
            exports.append(receiver)
        }
    }

    /// The other servers as lines of YAML, without what proves who we are.
    var shownPeers: [String] {
        var lines: [String] = []
        if let engine = remoteEngine {
            lines += ["engine: remote", "query_url: \(engine.queryURL)", "write_url: \(engine.writeURL ?? "")"]
        }
        if let externalURL { lines.append("external_url: \(externalURL)") }
        if !exports.isEmpty { lines.append("export:") }
        for receiver in exports {
            lines += [
                "- url: \(receiver.url)", "  name: \(receiver.name)", "  queue_size: \(receiver.queueBytes.count)",
            ]
        }
        return lines + shownNotifications
    }

    private static func receiver(_ entry: inout ConfigurationReader) throws(ConfigurationError) -> ExportReceiver {
        guard let url = try entry.value("url", Self.url) else {
            throw entry.problem("url", "a receiver needs it, such as https://metrics.example/api/v1/write")
        }
        var receiver = ExportReceiver(name: try entry.value("name", name) ?? standardName(of: url), url: url)
        receiver.access = try access(&entry, prefix: "", timeLimit: receiver.access.timeLimit)
        receiver.queueBytes = try entry.value("queue_size", queueSize) ?? receiver.queueBytes
        receiver.queueAge = try entry.value("queue_age", age) ?? receiver.queueAge
        for var rule in try entry.list("relabel") {
            receiver.rules.append(try relabelRule(&rule))
            try rule.refuseUnknownKeys()
        }
        return receiver
    }

    private static func relabelRule(_ entry: inout ConfigurationReader) throws(ConfigurationError) -> RelabelRule {
        let action = try entry.value("action", Self.action) ?? .replace
        let sources = try entry.texts("source_labels") ?? []
        let text: (String) -> ConfigurationReader.Parsed<String> = { .value($0) }
        let separator = try entry.value("separator", text) ?? ";"
        let expression = try entry.value("regex", text) ?? "(.*)"
        let target = try entry.value("target_label", text) ?? ""
        let replacement = try entry.text("replacement") ?? "$1"
        let modulus = try entry.value("modulus") { text in
            UInt64(text).map { .value($0) } ?? .problem("'\(text)' is not a whole number")
        }
        let rule: RelabelRule
        do throws(PatternError) {
            rule = try RelabelRule(
                action, sourceLabels: sources, separator: separator, pattern: expression, targetLabel: target,
                replacement: replacement, modulus: modulus ?? 0)
        } catch {
            throw entry.problem("regex", "\(error)")
        }
        if let objection = rule.objection { throw entry.problem("action", objection) }
        return rule
    }

    static func access(
        _ reader: inout ConfigurationReader, prefix: String, timeLimit: Duration
    ) throws(ConfigurationError) -> HTTPAccess {
        var access = HTTPAccess(timeLimit: try reader.value(prefix + "timeout", span) ?? timeLimit)
        let token = try reader.secret(prefix + "token_file")
        let user = try reader.value(prefix + "user") { text in .value(text) }
        let password = try reader.secret(prefix + "password_file")
        switch (token, user, password) {
        case (nil, nil, nil): break
        case (let token?, nil, nil): access.credentials = .bearer(token)
        case (nil, let user?, let password?): access.credentials = .basic(user: user, password: password)
        case (nil, _?, nil): throw reader.problem(prefix + "user", "it needs '\(prefix)password_file' as well")
        case (nil, nil, _?): throw reader.problem(prefix + "password_file", "it needs '\(prefix)user' as well")
        default: throw reader.problem(prefix + "token_file", "either a token, or a user and a password")
        }
        access.certificateAuthority = try reader.path(prefix + "ca_file")
        access.clientCertificate = try reader.path(prefix + "certificate")
        access.clientKey = try reader.path(prefix + "key")
        if (access.clientCertificate == nil) != (access.clientKey == nil) {
            let given = prefix + (access.clientKey == nil ? "certificate" : "key")
            throw reader.problem(given, "'\(prefix)certificate' and '\(prefix)key' belong together")
        }
        return access
    }

    private static func labels(
        _ reader: inout ConfigurationReader, _ key: String
    ) throws(ConfigurationError) -> Labels {
        let table = try reader.table(key)
        if let name = table.keys.sorted().first(where: { $0.isEmpty || $0 == Labels.metricName }) {
            throw reader.problem(key, "'\(name)' is not a label's name")
        }
        return Labels(table)
    }

    // MARK: Values

    private static func engine(_ text: String) -> ConfigurationReader.Parsed<Bool> {
        switch text {
        case "embedded": .value(false)
        case "remote": .value(true)
        default: .problem("'\(text)' is neither embedded nor remote")
        }
    }

    static func url(_ text: String) -> ConfigurationReader.Parsed<String> {
        let lowercased = text.lowercased()
        let rest = lowercased.hasPrefix("http://") ? text.dropFirst(7) : text.dropFirst(8)
        let isWeb = lowercased.hasPrefix("http://") || lowercased.hasPrefix("https://")
        guard isWeb, let first = rest.first, first != "/", !text.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7f })
        else { return .problem("'\(text)' is not a URL that begins with http:// or https://") }
        guard !rest.prefix(while: { $0 != "/" }).contains("@") else {
            return .problem("credentials do not belong into a URL; use a token file, or user and password file")
        }
        return .value(text)
    }

    private static func action(_ text: String) -> ConfigurationReader.Parsed<RelabelRule.Action> {
        let known = RelabelRule.Action.allCases.map(\.rawValue).joined(separator: ", ")
        return RelabelRule.Action(rawValue: text.lowercased()).map { .value($0) }
            ?? .problem("'\(text)' is none of \(known)")
    }

    /// A name that can be a folder's.
    static func name(_ text: String) -> ConfigurationReader.Parsed<String> {
        let isPlain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
        guard isPlain, !text.isEmpty, text.utf8.count <= 63, text.first != "." else {
            return .problem("'\(text)' is not a name of at most 63 letters, digits, '-', '_' and '.'")
        }
        return .value(text)
    }

    /// A URL's host and port, fit for a folder's name.
    static func standardName(of url: String) -> String {
        let authority = url.drop { $0 != "/" }.dropFirst(2).prefix { $0 != "/" && $0 != "?" }
        let plain = authority.map { $0.isASCII && ($0.isLetter || $0.isNumber || "-.".contains($0)) ? $0 : "_" }
        return String(plain.drop { $0 == "." }.prefix(63))
    }

    private static func queueSize(_ text: String) -> ConfigurationReader.Parsed<Bytes> {
        guard case .value(let size) = size(text), size >= .mebibytes(1) else {
            return .problem("'\(text)' is not a size from 1MiB on")
        }
        return .value(size)
    }

    private static func age(_ text: String) -> ConfigurationReader.Parsed<Duration> {
        guard let seconds = PrometheusDuration.seconds(text), (60...31_536_000).contains(seconds) else {
            return .problem("'\(text)' is not a span from 1m to 1y, such as 12h or 7d")
        }
        return .value(.milliseconds(Int64(seconds * 1000)))
    }
}

extension ConfigurationReader {
    /// The secret in the file that the value of `key` names, without the white space around it.
    mutating func secret(_ key: String) throws(ConfigurationError) -> String? {
        guard let path = try path(key) else { return nil }
        let text: String
        do throws(ConfigurationError) {
            text = String(try ConfigurationReader.text(ofFile: path).drop(while: \.isWhitespace))
        } catch {
            throw problem(key, "\(error)")
        }
        let secret = text.prefix { !$0.isWhitespace }
        guard !secret.isEmpty, text.dropFirst(secret.count).allSatisfy(\.isWhitespace) else {
            throw problem(key, "\(path) must hold one word, the secret")
        }
        return String(secret)
    }
}
