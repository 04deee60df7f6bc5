/// The reference page of all counters, made from the catalogues. It is checked in as
/// `Sources/Counters/Counters.docc/Reference.md`; a test compares.
public enum CounterReference {
    /// The page, in Markdown.
    public static let page = (intro + nativeSections + hyperVSections).joined(separator: "\n")

    private static let intro = [
        "# All counters", "",
        "Every counter that an agent reports, and every Hyper-V counter that is answered from them.", "",
        "This page is made by `evenkeel counter ls --markdown`; change the catalogues, not the page.", "",
        "All series carry the labels `cluster` and `host` besides those that are listed.", "",
    ]

    // MARK: - Native counters

    private static let groups = [
        (prefix: "evenkeel_lp_", title: "Logical processors"), (prefix: "evenkeel_host_", title: "Hosts"),
        (prefix: "evenkeel_vm_", title: "Virtual machines"), (prefix: "evenkeel_agent_", title: "Agents"),
        (prefix: "", title: "Others"),
    ]

    private static let nativeSections = groups.flatMap { group in
        let members = Counter.allCases.filter { counter in
            groups.first { counter.rawValue.hasPrefix($0.prefix) }?.prefix == group.prefix
        }
        return members.isEmpty ? [] : ["## \(group.title)", ""] + members.flatMap(section)
    }

    private static func section(_ counter: Counter) -> [String] {
        let entry = counter.entry
        let labels = entry.labels.isEmpty ? "none" : entry.labels.map { "`\($0)`" }.joined(separator: ", ")
        var lines = [
            "### `\(entry.name)`", "", entry.help, "",
            "- Type: \(entry.kind.rawValue), in \(entry.unit == "1" ? "no unit" : entry.unit)",
            "- Labels: \(labels)", "- Source: \(entry.source)",
        ]
        let paths = counter.hyperVPaths
        if !paths.isEmpty { lines += ["- Hyper-V: " + paths.map { "`\($0)`" }.joined(separator: ", ")] }
        return lines + [""]
    }

    // MARK: - Hyper-V counters

    private static let hyperVIntro = [
        "## Hyper-V counters", "",
        "`evenkeel counter get PATH` prints these. `growth` is what a counter has gained over the interval, all series of "
            + "the instance together, and `seconds` the interval's length; what cannot be known is left blank.", "",
    ]

    private static let hyperVSections =
        hyperVIntro
        + HyperVCatalogue.objects.flatMap { object in
            ["### \(object.name)", "", instances(of: object), ""]
                + HyperVCatalogue.counters.filter { $0.object.name == object.name }.flatMap(lines) + [""]
        }

    private static func instances(of object: HyperVObject) -> String {
        guard let instances = object.instances else { return "There is one of it." }
        let names = [instances.naming, instances.total].compactMap(\.self).map { "`\($0)`" }
        let end = instances.total == nil ? "; there is no `_Total`." : "."
        return "Instances: " + names.joined(separator: " and ") + end
    }

    private static func lines(_ counter: HyperVCounter) -> [String] {
        [
            "- `\(counter.path)` in \(counter.unit): \(counter.help)" + total(counter),
            "  `\(counter.formula)`",
        ]
    }

    private static func total(_ counter: HyperVCounter) -> String {
        guard counter.object.instances?.total != nil else { return "" }
        return switch counter.total {
        case .mean: " `_Total` is the mean."
        case .whole: ""
        case .own(let formula): " `_Total` is `\(formula)`."
        }
    }
}
