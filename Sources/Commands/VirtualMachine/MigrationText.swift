import FleetModel

/// How a VM moves, for a person's eyes.
enum MigrationText {
    static func lines(_ migration: ChosenMigration) -> [String] {
        var lines = ["How:      \(migration.method.text)"]
        lines += migration.reasons.enumerated().map { ($0.offset == 0 ? "Why:      " : "          ") + $0.element }
        guard let forecast = migration.forecast else {
            return lines + ["Expected: unknown; called off after \(migration.timeLimitSeconds) s"]
        }
        if let total = forecast.totalMilliseconds, let downtime = forecast.downtimeMilliseconds {
            lines.append(
                "Expected: \(total) ms in all, guest halted for \(downtime) ms, \(forecast.transferred) sent in "
                    + "\(forecast.passes) passes; called off after \(migration.timeLimitSeconds) s")
        } else {
            lines.append("Expected: no end by itself; called off after \(migration.timeLimitSeconds) s")
        }
        if forecast.throttleMilliseconds > 0 {
            lines.append(
                "          slowed down, the guest is kept from running for up to \(forecast.throttleMilliseconds) ms "
                    + "at a stretch")
        }
        return lines
    }
}
