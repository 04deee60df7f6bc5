import FleetModel
import Foundation

/// The JSON Schema (draft 2020-12) of `pack.yaml`, for editors: made from the types that read it.
public enum PackSchema {
    /// The schema as JSON, keys sorted.
    public static func text() -> String {
        let options: JSONSerialization.WritingOptions = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let data = (try? JSONSerialization.data(withJSONObject: pack, options: options)) ?? Data()
        return String(decoding: data, as: UTF8.self) + "\n"
    }

    private static var pack: [String: Any] {
        var pack = object(
            [
                "name": text("1 to 63 small letters, digits and '-'; the folder's name.", "^[a-z0-9][a-z0-9-]{0,62}$"),
                "version": text("The author's version."), "title": text("One line for a list."),
                "author": text("Who wrote it."), "licence": text("By its SPDX name."),
                "needs": needs, "targets": targets,
                "parameters": map(of: parameter, named: "^[a-z][a-z0-9_]{0,62}$", "What clusters may set."),
                "tips": map(of: tip, named: ".+", "For each alert of the rules: the tip."),
            ], required: ["name", "version", "title", "author", "licence"], "A rule pack.")
        pack["$schema"] = "https://json-schema.org/draft/2020-12/schema"
        return pack
    }

    private static var needs: [String: Any] {
        object(
            [
                "metrics": list(of: text("A metric.", "^[A-Za-z_:][A-Za-z0-9_:]*$")),
                "providers": list(of: words(PackNeeds.Provider.self, "Who runs VMs.")),
                "actions": list(of: words(PackNeeds.Action.self, "What must be possible.")),
            ], "What the pack cannot do without.")
    }

    private static var targets: [String: Any] {
        object(
            [
                "clusters": text("PCRE2, the whole name."), "hosts": text("PCRE2, the whole name."),
                "vms": text("PCRE2, the whole name."),
                "labels": map(of: text("The value."), named: "^[A-Za-z_][A-Za-z0-9_]*$", "Labels of the alert."),
            ], "Which objects its tips may be about.")
    }

    private static var parameter: [String: Any] {
        let value: [String: Any] = ["type": ["number", "string"]]
        return object(
            [
                "type": words(PackParameter.Kind.self, "What it counts."), "default": value, "minimum": value,
                "maximum": value, "unit": text("The unit of a plain number."), "help": text("What it does."),
            ], required: ["type", "default", "help"], "A value that rules compare against.")
    }

    private static var tip: [String: Any] {
        object(
            [
                "title": text("One line; a template."), "body": text("A few sentences; a template."),
                "level": words(TipLevel.self, "How bad it is."),
                "subject": words(SubjectRule.Kind.self, "What it is about."),
                "knowledge": text("What it means, causes, what the remediation does, when not to."),
                "remediation": ["oneOf": RemediationName.allCases.map(remediation)],
                "approval": words(TipTerms.Approval.self, "Who may approve at most."),
                "cool_down": duration(
                    "After its end policy does nothing about the same finding for so long; it is shown."),
                "expiry": duration("Without approval it expires after so long."),
                "verify": object(
                    [
                        "expression": text("PromQL: the objects of its elements are healthy."),
                        "within": duration("How soon after the last action."),
                    ], required: ["expression"], "How health is measured."),
                "evidence": list(
                    of: object(
                        ["query": text("PromQL; a template."), "text": text("What an element says; a template.")],
                        required: ["query", "text"], "A query that supports the finding.")),
                "inhibits": list(of: text("An alert that is held back while this one fires.")),
            ], required: ["title", "body", "level", "subject", "knowledge", "remediation"], "What an alert leads to.")
    }

    private static func remediation(_ name: RemediationName) -> [String: Any] {
        var properties: [String: Any] = ["name": ["const": name.rawValue]]
        for parameter in name.parameters { properties[parameter.name] = argument(parameter.kind) }
        if name.isPlugIn {
            properties["arguments"] = map(
                of: text("A template."), named: "^[a-z][a-z0-9_]{0,62}$", "What the plug-in is told.")
        }
        let required = ["name"] + name.parameters.filter(\.isRequired).map(\.name)
        return object(properties, required: required, name.rawValue)
    }

    private static func argument(_ kind: RemediationName.ArgumentKind) -> [String: Any] {
        if case .word(let known) = kind { return ["enum": known] }
        return ["type": ["number", "string"], "description": kind.description]
    }

    // MARK: Parts

    private static func object(
        _ properties: [String: Any], required: [String] = [], _ description: String
    ) -> [String: Any] {
        [
            "type": "object", "properties": properties, "required": required, "additionalProperties": false,
            "description": description,
        ]
    }

    private static func map(of value: [String: Any], named pattern: String, _ description: String) -> [String: Any] {
        [
            "type": "object", "patternProperties": [pattern: value], "additionalProperties": false,
            "description": description,
        ]
    }

    private static func list(of item: [String: Any]) -> [String: Any] { ["type": "array", "items": item] }

    private static func text(_ description: String, _ pattern: String? = nil) -> [String: Any] {
        var text: [String: Any] = ["type": ["string", "number"], "description": description]
        if let pattern { text["pattern"] = pattern }
        return text
    }

    private static func duration(_ description: String) -> [String: Any] {
        text(description + " Written 30s, 5m, 1h30m.", "^(0|([0-9]+(y|w|d|h|m|s|ms))+)$")
    }

    private static func words<Words: RawRepresentable & CaseIterable>(
        _: Words.Type, _ description: String
    ) -> [String: Any] where Words.RawValue == String {
        ["enum": Words.allCases.map(\.rawValue), "description": description]
    }
}
