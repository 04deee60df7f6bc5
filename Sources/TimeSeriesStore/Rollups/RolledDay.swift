/// How far a day is rolled up.
struct RolledDay: Hashable, Sendable {
    /// The newest run of its raw file that went in.
    var run: Int64
    /// Whether its raw file was dropped since.
    var isGone: Bool

    /// Everything that a file of rollups says about days, by day.
    static func read(_ database: Database) throws(StoreError) -> [Int64: RolledDay] {
        var days: [Int64: RolledDay] = [:]
        let rows = try Statement(database, "SELECT day, run, gone FROM rolled")
        while try rows.step() { days[rows.integer(0)] = RolledDay(run: rows.integer(1), isGone: rows.integer(2) != 0) }
        return days
    }

    /// Keeps it for a day.
    func store(_ day: Int64, _ database: Database) throws(StoreError) {
        try Statement(database, "INSERT OR REPLACE INTO rolled VALUES (?, ?, ?)").run(
            .integer(day), .integer(run), .integer(isGone ? 1 : 0))
    }
}
