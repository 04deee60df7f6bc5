import ArgumentParser
import FleetModel
import FleetServer
import RulePacks

/// `evenkeel pack show`: everything of one pack.
struct PackShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows a pack's alerts, what they lead to, and its parameters.",
        discussion: "Example: evenkeel pack show host-pressure --knowledge")

    @Argument(help: "The pack's name.")
    var pack: String

    @Flag(help: "Also what each tip means, its causes, and when not to do what it proposes.")
    var knowledge = false

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let details: PackDetails = try await server.client().get(
            "/fleet/v1/packs/\(ServerClient.escaped(pack))")
        try output.show(details) { PackText.details($0, knowledge: knowledge) }
    }
}

/// A pack for a person's eyes.
enum PackText {
    static func details(_ details: PackDetails, knowledge: Bool = false) -> String {
        let pack = details.pack
        var lines = [
            "\(pack.name) \(pack.version): \(pack.title)",
            "State:    \(pack.isEnabled ? "on" : "off")\(pack.allowsPlugIns ? ", plug-ins allowed" : ""), "
                + "\(pack.alerts) alerts of \(pack.rules) rules, \(pack.firing) firing",
            "From:     \(pack.path), by \(details.author.isEmpty ? "nobody named" : details.author)"
                + (details.licence.isEmpty ? "" : " (\(details.licence))"),
        ]
        if let problem = pack.problem { lines.append("Problem:  \(problem)") }
        lines += pack.remarks.map { "Needs:    \($0)" }
        if pack.remarks.isEmpty, !details.missingMetrics.isEmpty {
            lines.append("Rests:    no series of \(details.missingMetrics.joined(separator: ", "))")
        }
        var tips = TextTable("ALERT", "LEVEL", "PROPOSES", "APPROVAL", "")
        for tip in details.tips {
            tips.add(
                tip.alert, tip.level, tip.remediation, tip.approval,
                tip.remediation == "notify" ? "" : tip.reason.map { "advice: \($0)" } ?? "")
        }
        if !details.tips.isEmpty { lines += ["", tips.text] }
        var table = TextTable("PARAMETER", ">DEFAULT", "SET", "RANGE", "WHAT IT DOES")
        for parameter in details.parameters {
            let set = parameter.set.sorted { $0.key < $1.key }
                .map { "\($0.key.isEmpty ? "fleet" : $0.key): \(value($0.value, parameter))" }
            let most = parameter.maximum > 1e300 ? "" : value(parameter.maximum, parameter)
            table.add(
                parameter.name, value(parameter.standard, parameter), set.joined(separator: ", "),
                "\(value(parameter.minimum, parameter))...\(most)", parameter.help)
        }
        if !details.parameters.isEmpty { lines += ["", table.text] }
        if knowledge {
            for tip in details.tips where !tip.knowledge.isEmpty { lines += ["", "\(tip.alert)", tip.knowledge] }
        }
        return lines.joined(separator: "\n")
    }

    /// A value as people write it.
    private static func value(_ value: Double, _ parameter: PackDetails.Parameter) -> String {
        switch parameter.type {
        case "percent": "\(number(value)) %"
        case "duration": Duration.seconds(value).prometheusText
        case "bytes": Phrases.size(Bytes(Int64(min(value, 9e18))))
        default: number(value)
        }
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
    }
}
