import FleetModel
import FleetServer

/// A tip for a person's eyes.
enum TipText {
    static func proposal(_ tip: TipView) -> String {
        guard let plan = tip.plan, !plan.actions.isEmpty else { return tip.planProblem ?? tip.remediation }
        return plan.actions.map { action in
            action.to.map { "\(action.kind) \(action.name) \(action.from) -> \($0)" } ?? OperationText.what(action)
        }.joined(separator: ", ")
    }

    static func details(_ tip: TipView) -> String {
        var lines = [
            "Tip \(tip.number) (\(tip.level.rawValue), \(tip.state.rawValue)): \(tip.title)",
            "About:     \(tip.subjectKind) \(tip.subject), cluster \(tip.cluster); rule \(tip.pack)/\(tip.alert)",
            "Raised:    \(Phrases.moment(tip.raised))"
                + (tip.since.map { ", true since \(Phrases.moment($0))" } ?? ""),
            "", tip.body, "", "Evidence:",
        ]
        lines += tip.evidence.map { "  \($0.text)   at \(Phrases.moment($0.time)) by  \($0.query)" }
        lines += EvidencePlot.lines(of: tip.windows ?? [], width: TerminalSize.columns)
        if let since = tip.unmeasuredSince {
            let line =
                "Measured:  not measured since \(Phrases.moment(since)): it stays open until it is known to be well"
            lines.insert(tip.state.isFinal ? "Measured:  not since \(Phrases.moment(since))" : line, at: 3)
        }
        if let story = tip.story { lines.insert("Story:     a part of what tip \(story) is about", at: 3) }
        lines += ["", "Remediation: \(tip.remediation)"] + plan(tip)
        if !tip.operations.isEmpty {
            lines.append("Operations: " + tip.operations.map { "\($0)" }.joined(separator: ", "))
        }
        lines += ["", "Knowledge:", tip.knowledge, "", "History:"]
        lines += tip.history.map {
            "  \(Phrases.moment($0.time))  \($0.state.rawValue) by \($0.actor): \($0.note)"
        }
        return lines.joined(separator: "\n")
    }

    /// What there is to do about a tip that nobody can approve; `nil` where somebody can.
    static func nothingToApprove(_ tip: TipView) -> String? {
        if tip.state.isFinal {
            let end = tip.history.last.map { " by \($0.actor) at \(Phrases.moment($0.time)) (\($0.note))" } ?? ""
            return "tip \(tip.number) has ended: \(tip.state.rawValue)\(end)"
        }
        guard tip.state == .planned || tip.state == .raised, tip.plan?.actions.isEmpty ?? true else { return nil }
        let what = "tip \(tip.number) has no plan, so there is nothing to approve"
        guard tip.state == .planned else { return "\(what) yet; try again in a moment" }
        return """
            \(what): \(tip.planProblem ?? "none was made")
            What to do: evenkeel tip show \(tip.number) says what it means and what helps. It closes by itself when \
            \(tip.subject) is well; evenkeel tip dismiss \(tip.number) --reason TEXT puts it away.
            """
    }

    /// What is looked at when it is carried out.
    static func checks(_ tip: TipView) -> [String] {
        let lines = tip.checks ?? []
        return lines.isEmpty ? [] : ["  Checked:"] + lines.map { "    - \($0)" }
    }

    /// What would be done, what is expected of it, and what else was looked at.
    static func plan(_ tip: TipView) -> [String] {
        guard let plan = tip.plan else {
            return ["  no plan: \(tip.planProblem ?? "none was made yet")"] + rejected(tip.considered ?? [])
        }
        var lines = ["  " + plan.explanation]
        for (place, action) in plan.actions.enumerated() {
            let done = tip.done ?? 0
            lines.append(
                place < done
                    ? "  done: \(OperationText.what(action))" : "  \(place - done + 1). \(OperationText.what(action))")
            if action.to != nil { lines.append("     expected: \(OperationText.prediction(action))") }
        }
        return lines + rejected(plan.rejected)
    }

    private static func rejected(_ candidates: [RejectedCandidate]) -> [String] {
        candidates.map { "  not \($0.virtualMachine)\($0.destination.map { " to \($0)" } ?? ""): \($0.reason)" }
    }
}
