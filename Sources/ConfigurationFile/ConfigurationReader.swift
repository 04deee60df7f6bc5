import FleetModel
import Foundation
import Yams

/// Takes values out of a YAML mapping and remembers which keys were asked for, so that whatever is left is refused by
/// name and line.
public struct ConfigurationReader {
    /// What a value's text turned out to be.
    public enum Parsed<Value> {
        /// A value of the wanted kind.
        case value(Value)
        /// None, and why not.
        case problem(String)
    }

    private let file: String
    private let folder: String
    /// What stands in front of a key in messages: `export[0].`.
    private var prefix = ""
    /// Where it stands in the file; `nil` for an empty one.
    private var mark: Mark?
    private var pairs: [(key: String, node: Node, mark: Mark?)] = []
    private var known: [String] = []

    /// Reads `yaml`; `file` is where it comes from, for messages and for relative paths. An empty text has no keys.
    public init(yaml: String, file: String) throws(ConfigurationError) {
        self.file = file
        folder = (file as NSString).deletingLastPathComponent
        let root: Node?
        do {
            root = try Yams.compose(yaml: yaml)
        } catch {
            throw Self.syntaxProblem(error, file: file)
        }
        guard let root, root.null == nil || root.mapping != nil else { return }
        guard let mapping = root.mapping else {
            throw ConfigurationError(
                place: Self.place(file, root.mark),
                reason: "expected keys and values, a line each, such as 'name: web-1'"
            )
        }
        mark = mapping.mark
        try take(mapping)
    }

    /// Reads a mapping inside the file.
    private init(_ mapping: Node.Mapping, of outer: ConfigurationReader, prefix: String) throws(ConfigurationError) {
        file = outer.file
        folder = outer.folder
        self.prefix = prefix
        mark = mapping.mark
        try take(mapping)
    }

    private mutating func take(_ mapping: Node.Mapping) throws(ConfigurationError) {
        for (key, value) in mapping {
            guard let name = key.string else {
                throw ConfigurationError(place: Self.place(file, key.mark), reason: "a key must be a text")
            }
            pairs.append((name, value, key.mark))
        }
    }

    /// The value of `key` as `parse` reads it; `nil` where the key is absent or empty.
    public mutating func value<Value>(
        _ key: String, _ parse: (String) -> Parsed<Value>
    ) throws(ConfigurationError) -> Value? {
        known.append(key)
        guard let node = pairs.first(where: { $0.key == key })?.node, !isEmpty(node) else { return nil }
        guard let text = node.scalar?.string else { throw problem(key, "expected one value, not a list or a mapping") }
        switch parse(text) {
        case .value(let value): return value
        case .problem(let reason): throw problem(key, reason)
        }
    }

    /// The value of `key` as an absolute path.
    public mutating func path(_ key: String) throws(ConfigurationError) -> String? {
        let folder = folder
        return try value(key) { text in
            if text.utf8.contains(0) { return .problem("a path cannot hold a zero byte") }
            if text.hasPrefix("/") { return .value(text) }
            let absolute = folder.hasPrefix("/") ? folder : FileManager.default.currentDirectoryPath + "/" + folder
            return .value(URL(fileURLWithPath: absolute + "/" + text).standardizedFileURL.path)
        }
    }

    /// The value of `key` as written, which may be empty; `nil` where the key is absent.
    public mutating func text(_ key: String) throws(ConfigurationError) -> String? {
        known.append(key)
        guard let node = pairs.first(where: { $0.key == key })?.node else { return nil }
        guard let text = node.scalar?.string else { throw problem(key, "expected one value, not a list or a mapping") }
        return text
    }

    /// The value of `key` as a list of mappings, each to be read like a file; none where the key is absent or empty.
    public mutating func list(_ key: String) throws(ConfigurationError) -> [ConfigurationReader] {
        var readers: [ConfigurationReader] = []
        for (place, node) in try nodes(key).enumerated() {
            let name = "\(prefix)\(key)[\(place)]"
            guard let mapping = node.mapping else {
                throw ConfigurationError(
                    place: Self.place(file, node.mark), reason: "\(name): expected keys and values, not one value")
            }
            readers.append(try ConfigurationReader(mapping, of: self, prefix: name + "."))
        }
        return readers
    }

    /// The value of `key` as a mapping, to be read like a file; `nil` where the key is absent or empty.
    public mutating func section(_ key: String) throws(ConfigurationError) -> ConfigurationReader? {
        known.append(key)
        guard let node = pairs.first(where: { $0.key == key })?.node, !isEmpty(node) else { return nil }
        guard let mapping = node.mapping else { throw problem(key, "expected keys and values, not one value") }
        return try ConfigurationReader(mapping, of: self, prefix: "\(prefix)\(key).")
    }

    /// The value of `key` as a list of texts; `nil` where the key is absent or empty.
    public mutating func texts(_ key: String) throws(ConfigurationError) -> [String]? {
        var texts: [String] = []
        let nodes = try nodes(key)
        for node in nodes {
            guard let text = node.scalar?.string else {
                throw ConfigurationError(
                    place: Self.place(file, node.mark), reason: "\(prefix)\(key): expected a list of texts")
            }
            texts.append(text)
        }
        return nodes.isEmpty ? nil : texts
    }

    /// The value of `key` as texts by names; none where the key is absent or empty.
    public mutating func table(_ key: String) throws(ConfigurationError) -> [String: String] {
        known.append(key)
        guard let node = pairs.first(where: { $0.key == key })?.node, !isEmpty(node) else { return [:] }
        guard let mapping = node.mapping else { throw problem(key, "expected names and values") }
        var table: [String: String] = [:]
        for (name, value) in mapping {
            guard let name = name.scalar?.string, let text = value.scalar?.string else {
                throw ConfigurationError(
                    place: Self.place(file, value.mark), reason: "\(prefix)\(key): expected names and values")
            }
            table[name] = text
        }
        return table
    }

    private mutating func nodes(_ key: String) throws(ConfigurationError) -> [Node] {
        known.append(key)
        guard let node = pairs.first(where: { $0.key == key })?.node, !isEmpty(node) else { return [] }
        guard let sequence = node.sequence else { throw problem(key, "expected a list, each entry after a '- '") }
        return Array(sequence)
    }

    /// Throws for the first key that nobody asked for.
    public func refuseUnknownKeys() throws(ConfigurationError) {
        guard let stranger = pairs.first(where: { !known.contains($0.key) }) else { return }
        let near = Spelling.nearest(to: stranger.key, among: known).map { ", did you mean '\($0)'?" } ?? ";"
        throw ConfigurationError(
            place: Self.place(file, stranger.mark),
            reason: "there is no key '\(prefix)\(stranger.key)'\(near) known are \(known.joined(separator: ", "))")
    }

    /// An error at the value of `key`, or where it would stand, when the key is absent.
    public func problem(_ key: String, _ reason: String) -> ConfigurationError {
        let there = pairs.first { $0.key == key }
        // Who misspelt a key that must be there is better told that than that it is not there.
        if there == nil, let stranger = pairs.first(where: { !known.contains($0.key) }),
            Spelling.nearest(to: stranger.key, among: known) == key
        {
            return ConfigurationError(
                place: Self.place(file, stranger.mark),
                reason: "there is no key '\(prefix)\(stranger.key)', did you mean '\(key)'?")
        }
        let mark = there?.node.mark ?? mark
        return ConfigurationError(place: Self.place(file, mark), reason: "\(prefix)\(key): \(reason)")
    }

    /// The text of the file at `path`.
    public static func text(ofFile path: String) throws(ConfigurationError) -> String {
        do {
            return try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            let isThere = FileManager.default.fileExists(atPath: path)
            throw ConfigurationError(place: path, reason: isThere ? "it cannot be read as UTF-8 text" : "no such file")
        }
    }

    private func isEmpty(_ node: Node) -> Bool {
        node.scalar != nil && node.null != nil
    }

    private static func place(_ file: String, _ mark: Mark?) -> String {
        mark.map { "\(file):\($0.line):\($0.column)" } ?? file
    }

    private static func syntaxProblem(_ error: any Error, file: String) -> ConfigurationError {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return ConfigurationError(place: place(file, mark), reason: "not YAML: \(problem)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            let names = duplicates.sorted().joined(separator: ", ")
            return ConfigurationError(place: place(file, context.mark), reason: "given twice: \(names)")
        default:
            return ConfigurationError(place: file, reason: "not YAML: \(error)")
        }
    }
}
