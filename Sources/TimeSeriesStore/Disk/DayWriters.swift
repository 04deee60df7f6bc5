import FleetModel

/// Spreads the samples of one run over the block files of their days.
struct DayWriters {
    fileprivate struct Open {
        let number: Int64
        let day: StoredDay
        var writer: RunWriter
        var builder = PageBuilder()
        var span: ClosedRange<Int64>
        var samples = 0
    }

    private let number: Int64
    private let file: (Int64) throws(StoreError) -> StoredDay
    /// Mostly one, never many.
    private var open: [Open] = []

    /// Writers of run `number`; `file` opens the block file of a day.
    init(number: Int64, file: @escaping (Int64) throws(StoreError) -> StoredDay) {
        self.number = number
        self.file = file
    }

    /// Adds the samples of a series, times ascending; ordinals must not fall.
    mutating func add(_ ordinal: UInt32, _ columns: SampleColumns) throws(StoreError) {
        guard let first = columns.times.first, let last = columns.times.last else { return }
        if BlockFile.day(of: first) == BlockFile.day(of: last), columns.count <= PageBuilder.entrySamples {
            try add(ordinal, columns, to: BlockFile.day(of: first))
            return
        }
        var start = 0
        while start < columns.count {
            let day = BlockFile.day(of: columns.times[start])
            var end = start + 1
            while end < columns.count, end - start < PageBuilder.entrySamples,
                BlockFile.day(of: columns.times[end]) == day
            {
                end += 1
            }
            let part = SampleColumns(
                times: Array(columns.times[start..<end]), values: Array(columns.values[start..<end]))
            try add(ordinal, part, to: day)
            start = end
        }
    }

    private mutating func add(_ ordinal: UInt32, _ columns: SampleColumns, to day: Int64) throws(StoreError) {
        guard let first = columns.times.first, let last = columns.times.last else { return }
        let place = try place(of: day, first...last)
        open[place].note(first, last, columns.count)
        if let page = open[place].builder.append(ordinal, times: columns.times, samples: columns.values) {
            try open[place].writer.add(page)
        }
    }

    private mutating func place(of day: Int64, _ span: ClosedRange<Int64>) throws(StoreError) -> Int {
        if let known = open.firstIndex(where: { $0.number == day }) { return known }
        let stored = try file(day)
        open.append(Open(number: day, day: stored, writer: try stored.file.startRun(number), span: span))
        return open.count - 1
    }

    /// Makes all of it durable, file by file.
    mutating func commit() throws(StoreError) -> [(day: StoredDay, run: Run)] {
        var runs: [(day: StoredDay, run: Run)] = []
        while var writing = open.popLast() {
            do throws(StoreError) {
                if let page = writing.builder.finish() { try writing.writer.add(page) }
                runs.append((writing.day, try writing.writer.commit(span: writing.span, samples: writing.samples)))
            } catch {
                writing.writer.cancel()
                throw error
            }
        }
        return runs
    }

    /// Takes back what is not committed.
    func cancel() {
        for writing in open { writing.writer.cancel() }
    }
}

extension DayWriters.Open {
    fileprivate mutating func note(_ first: Int64, _ last: Int64, _ count: Int) {
        span = min(span.lowerBound, first)...max(span.upperBound, last)
        samples += count
    }
}
