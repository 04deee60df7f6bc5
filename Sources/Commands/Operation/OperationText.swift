import FleetModel
import FleetServer

/// An operation for a person's eyes.
enum OperationText {
    /// `operation 3 (migrate web-1 from kvm1 to kvm2)`.
    static func line(_ operation: OperationView) -> String {
        "operation \(operation.number) (\(what(operation.action)))"
    }

    static func details(_ operation: OperationView) -> String {
        let action = operation.action
        var lines = [
            "Operation \(operation.number): \(what(action))",
            "State:    \(operation.state.rawValue), wanted by \(operation.requestedBy)"
                + (operation.tip.map { " for tip \($0)" } ?? ""),
            "Times:    recorded \(Phrases.moment(operation.created)), ended \(Phrases.moment(operation.ended))",
        ]
        if let location = operation.location { lines.append("VM is on: \(location)") }
        if let migration = operation.migration { lines += MigrationText.lines(migration) }
        if let figures = operation.figures {
            lines.append(
                "Figures:  \(figures.totalMilliseconds) ms in all, guest halted for "
                    + "\(figures.downtimeMilliseconds) ms, \(figures.transferred) sent")
        } else if let progress = operation.progress {
            lines.append("Progress: \(progress.transferred) sent, \(progress.remaining) remain")
        }
        if action.to != nil { lines.append("Loads:    \(prediction(action))") }
        if let measured = operation.measured {
            lines.append(
                "Measured: \(action.from) processor \(Phrases.percent(measured.sourceProcessor)), memory "
                    + "\(Phrases.percent(measured.sourceMemory)); \(action.to ?? "-") processor "
                    + "\(Phrases.percent(measured.destinationProcessor)), memory "
                    + "\(Phrases.percent(measured.destinationMemory)) at \(Phrases.moment(measured.time))")
        }
        lines.append("Log:")
        lines += operation.log.map { "  \(Phrases.moment($0.time))  \($0.text)" }
        return lines.joined(separator: "\n")
    }

    /// One step and its end in a few lines: what the host had to say of it, too.
    static func step(_ operation: OperationView) -> String {
        let said = operation.log.dropFirst().map { "  \($0.text)" }
        return (["Operation \(operation.number): \(what(operation.action)): \(operation.state.rawValue)"] + said)
            .joined(separator: "\n")
    }

    /// `migrate web-1 from kvm1 to kvm2`, `stop web-1 on kvm1`, `exec fans/bin/mend fan="3" for kvm1`.
    static func what(_ action: ActionView) -> String {
        if let arguments = action.arguments {
            let told = arguments.sorted { $0.key < $1.key }.map { " \($0.key)=\"\($0.value)\"" }.joined()
            return "\(action.kind) \(action.name)\(told) for \(action.from)"
        }
        let place = action.to.map { "from \(action.from) to \($0)" } ?? "on \(action.from)"
        return "\(action.kind) \(action.name) \(place)"
    }

    static func prediction(_ action: ActionView) -> String {
        let expected = action.prediction
        return "\(action.from) processor \(Phrases.change(expected.sourceProcessor)), memory "
            + "\(Phrases.change(expected.sourceMemory)); \(action.to ?? "-") processor "
            + "\(Phrases.change(expected.destinationProcessor)), memory \(Phrases.change(expected.destinationMemory))"
    }
}
