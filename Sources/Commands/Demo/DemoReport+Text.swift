import FleetModel

extension DemoReport {
    /// The report for a person.
    var text: String {
        var lines = ["", "Scenario \(scenario): \(relieved ? "relieved" : "NOT relieved")"]
        if let problem { lines.append("  \(problem)") }
        lines.append("  accelerator          \(accelerator)\(acceleratorNotice.map { " (\($0))" } ?? "")")
        lines.append("  overload began       \(Phrases.timeOfDay(overloadBegan))")
        for tip in tips {
            lines.append("  tip \(tip.number), \(tip.level): \(tip.title)")
            lines.append("    raised             \(Phrases.timeOfDay(tip.raised))\(since(tip.raised))")
            lines.append("    approved           \(Phrases.timeOfDay(tip.approved)) by \(tip.approvedBy ?? "-")")
            lines.append("    \(pad(tip.state))\(Phrases.timeOfDay(tip.closed))\(since(tip.closed))")
        }
        for migration in migrations { lines += text(of: migration) }
        for host in hosts {
            lines.append(
                "  host \(host.name), LP \(host.logicalProcessors.map { "\($0)" }.joined(separator: ","))")
            lines.append(
                "    processor          \(Phrases.percent(host.processorBefore)) -> "
                    + Phrases.percent(host.processorAfter))
            lines.append(
                "    memory used        \(Phrases.percent(host.memoryUsedBefore)) -> "
                    + Phrases.percent(host.memoryUsedAfter))
        }
        return lines.joined(separator: "\n")
    }

    private func text(of migration: Migration) -> [String] {
        [
            "  live migration of \(migration.vm) from \(migration.from) to \(migration.to)",
            "    began, ended       \(Phrases.timeOfDay(migration.began)), \(Phrases.timeOfDay(migration.ended))",
            "    in all             \(milliseconds(migration.totalMilliseconds))",
            "    guest halted       \(milliseconds(migration.downtimeMilliseconds)) as QEMU counts it",
            "    longest tick gap   \(milliseconds(migration.guestGapMilliseconds)) as the guest's console shows it",
            "    ticks since, there \(migration.ticksOnDestination)",
        ]
    }

    private func milliseconds(_ count: Int?) -> String { count.map { "\($0) ms" } ?? Phrases.unknown }

    private func since(_ moment: Timestamp?) -> String {
        guard let moment, let overloadBegan else { return "" }
        return ", \((moment - overloadBegan).milliseconds / 1000) s after the overload began"
    }

    private func pad(_ word: String) -> String {
        word + String(repeating: " ", count: max(1, 19 - word.count))
    }
}
