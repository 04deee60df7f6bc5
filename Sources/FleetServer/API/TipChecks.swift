import FleetModel

/// What will be checked when a tip's plan is carried out, for whoever approves it.
enum TipChecks {
    static func lines(of tip: Tip) -> [String] {
        guard let plan = tip.plan, !plan.actions.isEmpty else { return [] }
        var lines: [String] = []
        if plan.actions.contains(where: { $0.hosts.count == 2 }) {
            lines.append(
                "right before each step, on the live fleet: the VM is where the plan has it; the destination reports, takes "
                    + "it and stays under its ceilings; loads are known; constraints, over-commit limits and the reserve "
                    + "hold; nothing is stopped or held; caps of moves at a time")
            lines.append("after each step: where the VM runs, how long it was halted, loads against the prediction")
        } else {
            lines.append("right before it: that its pack's plug-ins are allowed, and nothing is stopped")
        }
        let span = Int64(tip.terms.verifyWithinSeconds)
        let how =
            tip.terms.hasVerification
            ? "the pack's own measurement shows \(tip.subject.name) well" : "the alert is silent"
        lines.append("at the end: \(how) within \(span) s, else the tip is ineffective")
        lines.append("the approval is void when other steps become necessary")
        return lines
    }
}
