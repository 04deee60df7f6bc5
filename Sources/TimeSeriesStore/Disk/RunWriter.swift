/// Writes the pages of one run in one transaction.
struct RunWriter {
    private let database: Database
    private let insert: Statement
    private let number: Int64
    private let base: Int64
    private var pageFirsts: [UInt32] = []

    init(_ database: Database, number: Int64, base: Int64) throws(StoreError) {
        self.database = database
        self.number = number
        self.base = base
        insert = try Statement(database, "INSERT INTO page VALUES (?, ?)")
        try database.execute("BEGIN IMMEDIATE")
        do throws(StoreError) {
            // An earlier attempt at the same run may have got as far as this file.
            try BlockSchema.discardRuns(database, above: number - 1)
        } catch {
            cancel()
            throw error
        }
    }

    /// Adds a page.
    mutating func add(_ page: PageBuilder.Finished) throws(StoreError) {
        try insert.run(.integer(base + Int64(pageFirsts.count)), .blob(page.bytes))
        pageFirsts.append(page.firstOrdinal)
    }

    /// Makes the run durable.
    func commit(span: ClosedRange<Int64>, samples: Int) throws(StoreError) -> Run {
        let run = Run(number: number, base: base, level: 0, span: span, samples: samples, pageFirsts: pageFirsts)
        try BlockSchema.insert(run, database)
        try database.execute("COMMIT")
        return run
    }

    /// Takes everything back.
    func cancel() { try? database.execute("ROLLBACK") }
}
