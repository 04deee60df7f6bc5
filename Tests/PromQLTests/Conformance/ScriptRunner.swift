import FleetModel
import Patterns
import PromQL

/// Runs a script against the evaluator, as Prometheus' own test runner does.
struct ScriptRunner {
    struct Outcome {
        var passed = 0
        var failures: [String] = []
        var skipped: [String] = []
    }

    private var source = MemorySource()
    /// Series with native histogram samples, which this engine does not keep.
    private var histogramSeries: Set<Labels> = []
    /// Series whose samples say when their counting began, which this engine does not keep either.
    private var startTimeSeries: Set<Labels> = []
    private(set) var outcome = Outcome()

    mutating func run(_ script: Script) {
        for command in script.commands {
            switch command {
            case .clear: (source, histogramSeries, startTimeSeries) = (MemorySource(), [], [])
            case .load(let load): take(load)
            case .evaluate(let evaluation): judge(evaluation)
            }
        }
    }

    private mutating func take(_ load: Script.Load) {
        startTimeSeries.formUnion(load.withStartTimes)
        for one in load.series {
            for (place, point) in one.points.enumerated() {
                switch point {
                case .value(let value):
                    source.append(one.labels, at: Timestamp(milliseconds: Int64(place) * load.interval), value)
                case .histogram: histogramSeries.insert(one.labels)
                case .gap: break
                }
            }
            guard load.makesHistograms, let metric = one.labels.metric, metric.hasSuffix("_bucket") else { continue }
            var labels = one.labels.dropping(["le"])
            labels[Labels.metricName] = String(metric.dropLast("_bucket".count))
            histogramSeries.insert(labels)
        }
    }

    private mutating func judge(_ evaluation: EvaluationCase) {
        if let reason = reasonToSkip(evaluation) {
            outcome.skipped.append("line \(evaluation.line): \(reason)")
        } else if let failure = CaseJudge(evaluation, source).failure() {
            outcome.failures.append("line \(evaluation.line): \(evaluation.expression): \(failure)")
        } else {
            outcome.passed += 1
        }
    }

    private func reasonToSkip(_ evaluation: EvaluationCase) -> String? {
        if evaluation.expectsHistograms { return "expects native histograms" }
        do {
            let expression = try PromQL.parse(evaluation.expression)
            if try Self.selects(histogramSeries, expression) { return "selects native histograms" }
            return try Self.selects(startTimeSeries, expression) ? "selects series with start timestamps" : nil
        } catch PromQLError.syntax(_, _, let reason) where reason.contains("not supported") {
            return reason
        } catch {
            return nil
        }
    }

    /// Whether the expression reads any of the series.
    private static func selects(_ series: Set<Labels>, _ expression: Expression) throws -> Bool {
        if series.isEmpty { return false }
        var source = MemorySource()
        for labels in series { source.append(labels, at: Timestamp(milliseconds: 0), 0) }
        return try expression.selectors.contains { selector in
            try source.select(selector.allMatchers, from: .min, through: .max).count > 0
        }
    }
}
