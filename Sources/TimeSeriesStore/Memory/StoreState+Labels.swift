import FleetModel

/// Which labels and values there are, without making the series that have them.
extension StoreState {
    /// The names of the labels of the series that a selection would find, in no order.
    mutating func labelNames(of matchers: [LabelMatcher], in span: ClosedRange<Int64>) throws(StoreError) -> [String] {
        guard mayHaveSamples(in: span) else { return [] }
        if matchers.isEmpty {
            let names = index.names.filter { name in
                index.values(of: name).contains { mayHaveSamples(in: span, name: name, value: $0) }
            }
            return names.map { index.text(of: $0) }
        }
        var found: Set<UInt32> = []
        for series in try index.select(matchers) where !hasEnded(series, before: span.lowerBound) {
            for (place, symbol) in index.symbols(of: series).enumerated() where place % 2 == 0 { found.insert(symbol) }
        }
        return found.map { index.text(of: $0) }
    }

    /// The values of a label in the series that a selection would find, in no order.
    mutating func values(
        of label: String, _ matchers: [LabelMatcher], in span: ClosedRange<Int64>
    ) throws(StoreError) -> [String] {
        guard mayHaveSamples(in: span), let name = index.findSymbol(label) else { return [] }
        if matchers.isEmpty {
            let values = index.values(of: name).filter { mayHaveSamples(in: span, name: name, value: $0) }
            return values.map { index.text(of: $0) }
        }
        var found: Set<UInt32> = []
        for series in try index.select(matchers) where !hasEnded(series, before: span.lowerBound) {
            if let value = index.value(of: series, named: name) { found.insert(value) }
        }
        return found.map { index.text(of: $0) }
    }

    private func mayHaveSamples(in span: ClosedRange<Int64>, name: UInt32, value: UInt32) -> Bool {
        index.series(named: name, value: value).contains { !hasEnded($0, before: span.lowerBound) }
    }

    /// Whether memory or any run has samples in a span, or buckets of them.
    private func mayHaveSamples(in span: ClosedRange<Int64>) -> Bool {
        !heads(in: span).isEmpty || (days + rollups).contains { $0.runs.contains { $0.span.overlaps(span) } }
    }

    /// What memory has of a span, oldest first.
    func heads(in span: ClosedRange<Int64>) -> [Head] {
        [flushing, head].compactMap { $0 }.filter { $0.oldest <= span.upperBound && $0.newest >= span.lowerBound }
    }
}
