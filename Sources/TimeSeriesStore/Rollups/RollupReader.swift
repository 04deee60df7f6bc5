import FleetModel

/// Reads buckets from files of rollups.
struct RollupReader: Sendable {
    /// The files, oldest first, with the runs to read.
    let files: [StoredDay]
    let cache: PageCache

    /// Replaces `buckets` with those of a series that are kept for times in a span, parts of buckets apart.
    func read(
        _ series: UInt32, _ parts: BucketParts, in span: ClosedRange<Int64>, into buckets: inout BucketColumns
    ) throws(StoreError) {
        buckets.removeAll()
        guard series < RollupAspect.endOfOrdinals, !files.isEmpty else { return }
        var column = SampleColumns()
        try read(.count, of: series, span, into: &column)
        buckets.times = column.times
        buckets.count = column.values
        guard column.count > 0 else { return }
        if parts.contains(.sum) { buckets.sum = try fill(.sum, series, span, buckets.times, with: nil) }
        if !parts.isDisjoint(with: [.minimum, .growth]) {
            buckets.minimum = try fill(.minimum, series, span, buckets.times, with: nil)
        }
        if !parts.isDisjoint(with: [.last, .growth, .maximum]) {
            buckets.last = try fill(.last, series, span, buckets.times, with: nil)
            buckets.lastValue = try fill(.lastValue, series, span, buckets.times, with: buckets.last)
        }
        if parts.contains(.maximum) {
            buckets.maximum = try fill(.maximum, series, span, buckets.times, with: buckets.lastValue)
        }
        if parts.contains(.growth) {
            buckets.resets = try fill(.resets, series, span, buckets.times, with: nil)
            buckets.firstValue = try fill(.firstValue, series, span, buckets.times, with: buckets.minimum)
        }
    }

    /// The times that are kept of a series in a span.
    func times(of series: UInt32, in span: ClosedRange<Int64>) throws(StoreError) -> [Int64] {
        var column = SampleColumns()
        try read(.count, of: series, span, into: &column)
        return column.times
    }

    /// A column at the given times: what is kept, and elsewhere `standard`, or zero.
    private func fill(
        _ aspect: RollupAspect, _ series: UInt32, _ span: ClosedRange<Int64>, _ times: [Int64],
        with standard: [Double]?
    ) throws(StoreError) -> [Double] {
        var column = SampleColumns()
        try read(aspect, of: series, span, into: &column)
        if column.times == times { return column.values }
        var values = standard ?? [Double](repeating: 0, count: times.count)
        var place = 0
        for entry in 0..<column.count {
            while place < times.count, times[place] < column.times[entry] { place += 1 }
            if place < times.count, times[place] == column.times[entry] { values[place] = column.values[entry] }
        }
        return values
    }

    private func read(
        _ aspect: RollupAspect, of series: UInt32, _ span: ClosedRange<Int64>, into columns: inout SampleColumns
    ) throws(StoreError) {
        let ordinal = aspect.ordinal(series)
        var decoder = ValueDecoder()
        for file in files {
            var own = SampleColumns()
            var piece = SampleColumns()
            var overlaps = false
            for run in file.runs where !overlaps {
                piece.removeAll()
                try read(ordinal, run, file.file, span, &decoder, into: &piece)
                guard let first = piece.times.first else { continue }
                overlaps = own.times.last.map { $0 >= first } ?? false
                own.times.append(contentsOf: piece.times)
                own.values.append(contentsOf: piece.values)
            }
            if overlaps {
                // Buckets were made anew: the newest run's come first, since the first of equal times counts.
                own.removeAll()
                for run in file.runs.reversed() { try read(ordinal, run, file.file, span, &decoder, into: &own) }
                own.restoreOrder(from: 0)
            }
            columns.times.append(contentsOf: own.times)
            columns.values.append(contentsOf: own.values)
        }
        columns.trim(to: span)
    }

    private func read(
        _ ordinal: UInt32, _ run: Run, _ file: BlockFile, _ span: ClosedRange<Int64>, _ decoder: inout ValueDecoder,
        into columns: inout SampleColumns
    ) throws(StoreError) {
        guard run.span.overlaps(span) else { return }
        for index in run.pages(of: ordinal) {
            let page = try cache.page(index, of: run, in: file)
            do throws(CodecError) {
                try page.read(ordinal, touching: span, decoder: &decoder, into: &columns)
            } catch {
                throw .damaged(path: file.path, reason: "page \(index) of run \(run.number): \(error.reason)")
            }
        }
    }
}
