import FleetModel
import FleetServer

extension TopState {
    /// Titles of the listing's columns; a `>` in front puts them to the right.
    var columns: [String] {
        switch tab {
        case .hosts: ["HOST", ">BUSY", "LOAD", ">MEMORY", ">FREE", ">VMS", "STATE"]
        case .machines: ["VM", "HOST", ">LPS USED", ">VPS", ">MEMORY", "STATE"]
        case .tips: [">N", "LEVEL", "STATE", "OBJECT", ">AGE", "TITLE"]
        case .operations: [">N", "STATE", "WHAT", "BY", "PROGRESS"]
        }
    }

    /// The rows that the filter leaves, in order.
    var rows: [TopRow] {
        let all = allRows.filter { row in
            filter.isEmpty || row.cells.contains { $0.lowercased().contains(filter.lowercased()) }
        }
        let column = min(sortColumn, columns.count - 1)
        let sorted = all.sorted { first, second in
            let (left, right) = (first.weights[column], second.weights[column])
            return left == right ? first.key < second.key : left < right
        }
        return isBackwards ? sorted.reversed() : sorted
    }

    private var allRows: [TopRow] {
        switch tab {
        case .hosts: hosts.map(row)
        case .machines: machines.map(row)
        case .tips: tips.map(row)
        case .operations: operations.filter { !$0.state.isFinal || now - $0.created < .seconds(3600) }.map(row)
        }
    }

    private func row(_ host: HostView) -> TopRow {
        let held = status?.holds?.contains { $0.scope.description == "host:\(host.name)" } == true
        let state = host.available ? (held ? "maintenance" : "reporting") : "silent"
        return TopRow(
            key: host.name,
            cells: [
                host.name, Phrases.percent(host.processorUse),
                host.processorUse.map { TipProgress.bar($0, width: 22) } ?? "?",
                Phrases.size(host.memory), Phrases.size(host.memoryAvailable), "\(host.virtualMachines)", state,
            ],
            weights: [
                .text(host.name), Self.down(host.processorUse), Self.down(host.processorUse),
                Self.down(Double(host.memory.count)), Self.up(host.memoryAvailable.map { Double($0.count) }),
                Self.down(Double(host.virtualMachines)), .text(state),
            ],
            isLoud: !host.available || (host.processorUse ?? 0) > 0.9)
    }

    private func row(_ machine: VirtualMachineView) -> TopRow {
        TopRow(
            key: machine.id,
            cells: [
                machine.name, machine.host, machine.processorUse.map(Self.decimal) ?? "?",
                "\(machine.virtualProcessors)", Phrases.size(machine.memory), machine.state.rawValue,
            ],
            weights: [
                .text(machine.name), .text(machine.host), Self.down(machine.processorUse),
                Self.down(Double(machine.virtualProcessors)), Self.down(Double(machine.memory.count)),
                .text(machine.state.rawValue),
            ],
            isLoud: machine.state == .crashed)
    }

    private func row(_ tip: TipRow) -> TopRow {
        TopRow(
            key: "\(tip.number)",
            cells: [
                "\(tip.number)", tip.level.rawValue, tip.state.rawValue, "\(tip.subjectKind) \(tip.subject)",
                Phrases.age(tip.raised, now: now), tip.title,
            ],
            weights: [
                Self.down(Double(tip.number)), .text(tip.level.rawValue), .text(tip.state.rawValue), .text(tip.subject),
                .number(-Double(tip.raised.milliseconds)), .text(tip.title),
            ],
            isLoud: tip.level == .critical || tip.state == .awaitingApproval)
    }

    private func row(_ operation: OperationView) -> TopRow {
        let progress = operation.progress.map { progress in
            let sent = Double(progress.transferred.count)
            return TipProgress.bar(sent / max(1, sent + Double(progress.remaining.count)), width: 22)
        }
        return TopRow(
            key: "\(operation.number)",
            cells: [
                "\(operation.number)", operation.state.rawValue, OperationText.what(operation.action),
                operation.requestedBy, progress ?? operation.log.last?.text ?? "",
            ],
            weights: [
                Self.down(Double(operation.number)), .text(operation.state.rawValue),
                .text(OperationText.what(operation.action)), .text(operation.requestedBy), .text(progress ?? ""),
            ],
            isLoud: operation.state == .failed)
    }

    /// The largest first, unknown last.
    private static func down(_ value: Double?) -> TopWeight { .number(value.map { -$0 } ?? .greatestFiniteMagnitude) }

    /// The smallest first, unknown last.
    private static func up(_ value: Double?) -> TopWeight { .number(value ?? .greatestFiniteMagnitude) }

    /// `1.2`.
    private static func decimal(_ value: Double) -> String {
        guard value.isFinite, value.magnitude < 1e6 else { return "?" }
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(abs(tenths % 10))"
    }
}
