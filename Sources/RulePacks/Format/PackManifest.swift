import FleetModel

/// What `pack.yaml` says, before the rule files are beside it.
struct PackManifest {
    var name = ""
    var version = ""
    var title = ""
    var author = ""
    var licence = ""
    var needs = PackNeeds()
    var targets = PackTargets()
    var parameters: [PackParameter] = []
    var tips: [String: TipRule] = [:]
    /// Where its name is written.
    var namePlace = SourcePlace(file: "pack.yaml")
    /// Where each alert's tip is written, for findings that need the rules.
    var tipPlaces: [String: SourcePlace] = [:]
}

/// Reads `pack.yaml`.
struct PackManifestReader {
    /// Most parameters of a pack: each is a series in every cluster.
    private static let mostParameters = 200

    var reader: YAMLReader
    var manifest = PackManifest()

    /// The manifest and everything that is wrong with it.
    static func read(_ text: String, file: String) -> (manifest: PackManifest, findings: [PackFinding]) {
        var reader = PackManifestReader(reader: YAMLReader(file: file, allowsAliases: false))
        reader.read(text)
        return (reader.manifest, reader.reader.findings)
    }

    private mutating func read(_ text: String) {
        guard let document = reader.document(text) else {
            if reader.findings.isEmpty { reader.note(SourcePlace(file: reader.file), "the file is empty") }
            return
        }
        guard var pack = reader.mapping(document, "a pack") else { return }
        manifest.name = name(&pack)
        manifest.version = reader.text(&pack, "version", of: "the pack") ?? ""
        manifest.title = reader.text(&pack, "title", of: "the pack") ?? ""
        manifest.author = reader.text(&pack, "author", of: "the pack") ?? ""
        manifest.licence = reader.text(&pack, "licence", of: "the pack") ?? ""
        manifest.needs = needs(&pack)
        manifest.targets = targets(&pack)
        if let value = pack.take("parameters"), let entries = reader.mapping(value, "'parameters'") {
            for entry in entries.entries.prefix(Self.mostParameters) { parameter(entry.key, entry.place, entry.value) }
            if let next = entries.entries.dropFirst(Self.mostParameters).first {
                reader.note(next.place, "the pack has more than \(Self.mostParameters) parameters")
            }
        }
        if let value = pack.take("tips"), let entries = reader.mapping(value, "'tips'") {
            for entry in entries.entries {
                manifest.tipPlaces[entry.key] = entry.place
                manifest.tips[entry.key] = tip(entry.key, entry.value)
            }
        }
        reader.finish(pack, "a pack")
    }

    private mutating func name(_ pack: inout YAMLMapping) -> String {
        manifest.namePlace = pack.place(of: "name")
        guard let name = reader.text(&pack, "name", of: "the pack") else { return "" }
        if name.wholeMatch(of: /[a-z0-9][a-z0-9-]{0,62}/) == nil {
            reader.note(
                manifest.namePlace, "the pack's name is '\(name)'; it must be 1 to 63 small letters, digits and '-'")
        }
        return name
    }

    // MARK: Parameters

    private mutating func parameter(_ name: String, _ place: SourcePlace, _ value: YAMLValue) {
        let what = "parameter '\(name)'"
        if name.wholeMatch(of: /[a-z][a-z0-9_]{0,62}/) == nil {
            reader.note(place, "\(what): a parameter's name is small letters, digits and '_'")
        }
        guard var entry = reader.mapping(value, what), let kindValue = required(&entry, "type", what),
            let kind: PackParameter.Kind = reader.word(kindValue, "'type'")
        else { return }
        let standard = required(&entry, "default", what).flatMap { amount($0, kind, "'default'") }
        let minimum = entry.take("minimum").flatMap { amount($0, kind, "'minimum'") }
        let maximum = entry.take("maximum").flatMap { amount($0, kind, "'maximum'") }
        let help = reader.text(&entry, "help", of: what) ?? ""
        let unit = entry.take("unit").flatMap { reader.text($0, "'unit'") } ?? ""
        reader.finish(entry, what)
        guard let standard else { return }
        let parameter = PackParameter(
            name: name, kind: kind, unit: unit, standard: standard, minimum: minimum ?? 0,
            maximum: maximum ?? (kind == .percent ? 100 : .greatestFiniteMagnitude), help: help)
        if let objection = parameter.objection(to: standard) {
            reader.note(entry.place(of: "default"), "\(what): \(objection)")
        }
        manifest.parameters.append(parameter)
    }

    private mutating func required(_ entry: inout YAMLMapping, _ key: String, _ what: String) -> YAMLValue? {
        if let value = entry.take(key) { return value }
        reader.note(entry.place, "\(what) has no '\(key)'")
        return nil
    }

    /// A value in the unit in which rules see it.
    private mutating func amount(_ value: YAMLValue, _ kind: PackParameter.Kind, _ what: String) -> Double? {
        guard let text = reader.text(value, what) else { return nil }
        if let amount = kind.amount(text) { return amount }
        reader.note(value.place, "\(what) is '\(text)'; write \(kind.example)")
        return nil
    }
}

extension PackParameter.Kind {
    /// The value that `text` spells, in the unit in which rules see it.
    public func amount(_ text: String) -> Double? {
        switch self {
        case .number: Double(text).flatMap { $0.isFinite ? $0 : nil }
        case .percent: Double(text.hasSuffix("%") ? String(text.dropLast()) : text).flatMap { $0.isFinite ? $0 : nil }
        case .duration: Duration(prometheus: text)?.inSeconds
        case .bytes: Bytes(parsing: text).map { Double($0.count) }
        }
    }

    /// How such a value is written.
    public var example: String {
        switch self {
        case .number: "a number such as 2.5"
        case .percent: "percent such as 75 or 75%"
        case .duration: "a span of time such as 30s or 5m"
        case .bytes: "a size such as 512MiB"
        }
    }
}
