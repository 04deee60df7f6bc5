/// How far a day is rolled up.
struct RolledDay: Hashable, Sendable {
    /// The newest run of its raw file that went in.
    var run: Int64
    /// Whether its raw file was dropped since.
    var isGone: Bool

    /// Everything that a file of rollups says about days, by day. Throws `StoreError.damaged` where a row is not as it was
    /// written; before version 2 rows were not sealed.
    static func read(_ database: Database, isSealed: Bool = true) throws(StoreError) -> [Int64: RolledDay] {
        var days: [Int64: RolledDay] = [:]
        let rows = try Statement(database, "SELECT day, run, gone, \(isSealed ? "checksum" : "0") FROM rolled")
        while try rows.step() {
            let numbers = (0..<3).map { rows.integer($0) }
            guard !isSealed || rows.integer(3) == Checksum.ofRow(numbers) else {
                throw .damaged(path: database.path, reason: "what it says of day \(numbers[0]) has a wrong checksum")
            }
            days[numbers[0]] = RolledDay(run: numbers[1], isGone: numbers[2] != 0)
        }
        return days
    }

    /// Keeps it for a day.
    func store(_ day: Int64, _ database: Database) throws(StoreError) {
        let numbers = [day, run, isGone ? 1 : 0]
        try Statement(database, "INSERT OR REPLACE INTO rolled (day, run, gone, checksum) VALUES (?, ?, ?, ?)").run(
            numbers.map { .integer($0) } + [.integer(Checksum.ofRow(numbers))])
    }
}
