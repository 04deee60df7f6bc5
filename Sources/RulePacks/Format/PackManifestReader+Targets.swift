import FleetModel
import Patterns

extension PackManifestReader {
    /// Longest regular expression over names.
    private static let longestPattern = 1000

    /// What the pack cannot do without.
    mutating func needs(_ pack: inout YAMLMapping) -> PackNeeds {
        guard let value = pack.take("needs"), var entry = reader.mapping(value, "'needs'") else { return PackNeeds() }
        var needs = PackNeeds()
        for item in entry.take("metrics").flatMap({ reader.list($0, "'metrics'") }) ?? [] {
            guard let name = reader.text(item, "a metric") else { continue }
            if name.wholeMatch(of: /[A-Za-z_:][A-Za-z0-9_:]*/) == nil {
                reader.note(item.place, "'\(name)' is not a metric's name")
            } else {
                needs.metrics.append(name)
                needs.metricPlaces.append(item.place)
            }
        }
        for item in entry.take("providers").flatMap({ reader.list($0, "'providers'") }) ?? [] {
            if let provider: PackNeeds.Provider = reader.word(item, "a provider") { needs.providers.insert(provider) }
        }
        for item in entry.take("actions").flatMap({ reader.list($0, "'actions'") }) ?? [] {
            if let action: PackNeeds.Action = reader.word(item, "an action") { needs.actions.insert(action) }
        }
        reader.finish(entry, "'needs'")
        return needs
    }

    /// Which objects its tips may be about.
    mutating func targets(_ pack: inout YAMLMapping) -> PackTargets {
        guard let value = pack.take("targets"), var entry = reader.mapping(value, "'targets'") else {
            return PackTargets()
        }
        var targets = PackTargets()
        targets.clusters = pattern(&entry, "clusters")
        targets.hosts = pattern(&entry, "hosts")
        targets.virtualMachines = pattern(&entry, "vms")
        if let value = entry.take("labels"), let labels = reader.mapping(value, "'labels'") {
            for (name, place, value) in labels.entries {
                if name.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*/) == nil {
                    reader.note(place, "'\(name)' is not a label's name")
                } else if let text = reader.text(value, "'\(name)'") {
                    targets.labels[name] = text
                }
            }
        }
        reader.finish(entry, "'targets'")
        return targets
    }

    private mutating func pattern(_ entry: inout YAMLMapping, _ key: String) -> TargetPattern? {
        guard let value = entry.take(key), let text = reader.text(value, "'\(key)'") else { return nil }
        guard text.utf8.count <= Self.longestPattern else {
            reader.note(value.place, "'\(key)' is longer than \(Self.longestPattern) bytes")
            return nil
        }
        do throws(PatternError) {
            return try TargetPattern(text)
        } catch {
            reader.note(value.place, "'\(key)' is no regular expression: \(error.description)")
            return nil
        }
    }
}
