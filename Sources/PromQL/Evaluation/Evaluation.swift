import FleetModel

/// One query on its way. Vectors are streamed: `stream` hands over one series with all its steps at a time, so that an
/// aggregation never holds what it aggregates.
final class Evaluation {
    /// Receives a series; may take its values.
    typealias Receiver = (inout StepSeries) throws(PromQLError) -> Void

    let source: any SeriesSource
    let options: QueryOptions
    /// The steps of the query as a whole.
    let query: Steps
    /// The end that was asked for, which `end()` and `range()` speak of; the last step may be before it.
    let end: Int64
    /// Samples alone, unless a range query says otherwise.
    var resolution = SourceResolution.samples
    var annotations: Annotations
    private let shouldStop: @Sendable () -> PromQLError?
    private var samplesHeld = 0
    private var samplesRead = 0

    init(
        source: any SeriesSource, options: QueryOptions, query: Steps, end: Int64, text: SourceText,
        shouldStop: @escaping @Sendable () -> PromQLError?
    ) {
        self.source = source
        self.options = options
        self.query = query
        self.end = end
        self.shouldStop = shouldStop
        annotations = Annotations(source: text)
    }

    // MARK: Results

    func answer(_ value: QueryValue) -> QueryAnswer {
        QueryAnswer(value, warnings: annotations.warnings, infos: annotations.infos)
    }

    func instantValue(of expression: Expression) throws(PromQLError) -> QueryValue {
        let moment = Timestamp(milliseconds: query.first)
        switch expression.kind {
        case .scalar: return .scalar(moment, try scalar(expression, query)[0])
        case .string: return .string(moment, try string(expression))
        case .rangeVector: return .matrix(try ranges(expression))
        case .instantVector:
            let series = try finished(try collect(expression, query))
            return .vector(
                series.compactMap { one in
                    StepSeries.isAbsent(one.values[0])
                        ? nil : InstantSample(labels: one.labels, time: moment, value: one.values[0])
                })
        }
    }

    func rangeValue(of expression: Expression) throws(PromQLError) -> QueryValue {
        switch expression.kind {
        case .scalar:
            let column = try scalar(expression, query)
            let values = (0..<query.count).map { column[$0] }
            return .matrix([samples(StepSeries(labels: Labels(), dropsName: false, values: values))])
        case .instantVector:
            let series = try finished(try collect(expression, query))
            return .matrix(series.filter(\.hasValue).map(samples).sorted { $0.labels < $1.labels })
        case .rangeVector, .string:
            throw .wrongType(
                reason: "invalid expression type \"\(expression.kind.rawValue)\" for range query, "
                    + "must be Scalar or instant Vector")
        }
    }

    private func samples(_ series: StepSeries) -> SeriesSamples {
        var columns = SampleColumns()
        for step in 0..<query.count where !StepSeries.isAbsent(series.values[step]) {
            columns.append(query.time(step), series.values[step])
        }
        return SeriesSamples(labels: series.labels, samples: columns)
    }

    /// Takes away the names that were to go, which may make series one.
    private func finished(_ series: [StepSeries]) throws(PromQLError) -> [StepSeries] {
        guard series.contains(where: \.dropsName) else { return series }
        var merged = MergedSeries()
        for var one in series {
            if one.dropsName { one.labels.dropMetadata() }
            one.dropsName = false
            try merged.add(one)
        }
        return merged.series
    }

    // MARK: Limits

    /// Counts samples that stay in memory; throws when the query may not have so many, or should end.
    func hold(_ samples: Int) throws(PromQLError) {
        samplesHeld += samples
        if samplesHeld > options.sampleLimit { throw .tooManySamples(limit: options.sampleLimit) }
        try checkStop()
    }

    /// Counts samples that are read one series at a time.
    func countRead(_ samples: Int) throws(PromQLError) {
        samplesRead += samples
        if samples > options.sampleLimit { throw .tooManySamples(limit: options.sampleLimit) }
        if samplesRead > options.readLimit { throw .tooManySamples(limit: options.readLimit) }
    }

    /// Throws when the query should end.
    func checkStop() throws(PromQLError) {
        if let reason = shouldStop() { throw reason }
    }

    // MARK: Expressions

    /// The whole vector; for where all of it is needed at once.
    func collect(_ expression: Expression, _ steps: Steps) throws(PromQLError) -> [StepSeries] {
        var result: [StepSeries] = []
        try stream(expression, steps) { (series: inout StepSeries) throws(PromQLError) in
            try self.hold(steps.count)
            result.append(series)
            series.values = []
        }
        return result
    }

    /// Hands every series of a vector to `receive`. Series without any value may be among them.
    func stream(_ expression: Expression, _ steps: Steps, _ receive: Receiver) throws(PromQLError) {
        switch expression {
        case .selector(let node): try stream(node, steps, receive)
        case .call(let node): try stream(node, steps, receive)
        case .aggregation(let node): try stream(node, steps, receive)
        case .binary(let node): try stream(node, steps, receive)
        case .parenthesized(let node): try stream(node.inner, steps, receive)
        case .unary(let node):
            try stream(node.operand, steps) { (series: inout StepSeries) throws(PromQLError) in
                if node.isNegation { series.map { -$0 } }
                try receive(&series)
            }
        case .number, .string, .range, .subquery:
            throw .evaluation(reason: "\(expression) is not an instant vector")
        }
    }

    /// A scalar at every step.
    func scalar(_ expression: Expression, _ steps: Steps) throws(PromQLError) -> ScalarColumn {
        switch expression {
        case .number(let node): return ScalarColumn(node.value)
        case .parenthesized(let node): return try scalar(node.inner, steps)
        case .unary(let node):
            let column = try scalar(node.operand, steps)
            return node.isNegation ? column.map(steps) { -$0 } : column
        case .binary(let node):
            let left = try scalar(node.left, steps)
            let right = try scalar(node.right, steps)
            return left.combined(with: right, steps) { node.operation.scalarResult($0, $1) }
        case .call(let node): return try scalar(node, steps)
        default: throw .evaluation(reason: "\(expression) is not a scalar")
        }
    }

    /// A text.
    func string(_ expression: Expression) throws(PromQLError) -> String {
        guard case .string(let node) = expression.unwrapped else {
            throw .evaluation(reason: "\(expression) is not a string")
        }
        return node.text
    }
}

extension StepSeries {
    /// Applies a function to every value; the result has no metric name.
    mutating func map(_ function: (Double) -> Double) {
        dropsName = true
        for step in values.indices where !Self.isAbsent(values[step]) { values[step] = function(values[step]) }
    }
}

extension ScalarColumn {
    func map(_ steps: Steps, _ function: (Double) -> Double) -> ScalarColumn {
        varies ? ScalarColumn((0..<steps.count).map { function(self[$0]) }) : ScalarColumn(function(self[0]))
    }

    func combined(
        with other: ScalarColumn, _ steps: Steps, _ function: (Double, Double) -> Double
    ) -> ScalarColumn {
        guard varies || other.varies else { return ScalarColumn(function(self[0], other[0])) }
        return ScalarColumn((0..<steps.count).map { function(self[$0], other[$0]) })
    }
}
