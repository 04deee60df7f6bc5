/// Which block file: of what level, and of when.
struct BlockName: Hashable, Sendable {
    /// What a file holds.
    enum Level: String, Hashable, Sendable {
        /// Samples as they came, a day (UTC) a file.
        case raw = "blocks"
        /// Rollups of five minutes, 32 days a file.
        case rollup
    }

    /// How many days a file of rollups covers.
    static let periodDays: Int64 = 32

    let level: Level
    /// Of a raw file its day, in days since 1970-01-01; of rollups the same in periods.
    let number: Int64

    init(_ level: Level, _ number: Int64) {
        self.level = level
        self.number = number
    }

    /// The file of a day's rollups.
    init(rollupOfDay day: Int64) {
        self.init(.rollup, day >= 0 ? day / Self.periodDays : (day + 1) / Self.periodDays - 1)
    }

    /// Reads a file's name; `nil` for other files, and for numbers that no time has.
    init?(fileName: String) {
        let parts = fileName.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let level = Level(rawValue: String(parts[0])), parts[1].hasSuffix(".db"),
            let number = Int64(parts[1].dropLast(3)), number.magnitude < 1 << 32
        else { return nil }
        self.init(level, number)
    }

    /// The file's name.
    var fileName: String { "\(level.rawValue)-\(number).db" }

    /// The days that it covers.
    var days: ClosedRange<Int64> {
        switch level {
        case .raw: number...number
        case .rollup: number * Self.periodDays...number * Self.periodDays + Self.periodDays - 1
        }
    }
}
