import FleetModel

/// Asks queries and writes series for one round, and gathers what fails.
struct RuleAsker: Sendable {
    let engine: any QueryEngine
    let sink: (any SeriesSink)?
    let moment: Timestamp
    private(set) var failures: [RuleFailure] = []
    /// Counts the time of the pack that is being asked for.
    var meter: RoundBudget.Meter?

    init(engine: any QueryEngine, sink: (any SeriesSink)?, moment: Timestamp) {
        self.engine = engine
        self.sink = sink
        self.moment = moment
    }

    /// The elements that `expression` gives at `time`; a scalar is one element without labels.
    func elements(of expression: String, at time: Timestamp) async throws -> [InstantSample] {
        switch try await answer(to: expression, at: time).value {
        case .vector(let samples): return samples
        case .scalar(let time, let value): return [InstantSample(labels: Labels(), time: time, value: value)]
        case .string: throw RuleProblem("it gives a text, not a vector")
        case .matrix: throw RuleProblem("it gives a range, not a vector")
        }
    }

    private func answer(to expression: String, at time: Timestamp) async throws -> QueryAnswer {
        guard let meter else { return try await engine.instant(expression, at: time) }
        try meter.check()
        return try await meter.within { [engine] in try await engine.instant(expression, at: time) }
    }

    /// Appends a sample of each series, and marks the series that are no longer among them as ended.
    func write(_ series: [Labels: Double], endingOthersOf before: Set<Labels>, at time: Timestamp) async throws {
        guard let sink else { return }
        let ended = before.filter { series[$0] == nil }.map { ($0, Staleness.marker) }
        let samples = (series.map { ($0.key, $0.value) } + ended).sorted { $0.0 < $1.0 }.map { labels, value in
            SeriesSamples(labels: labels, samples: SampleColumns(times: [time.milliseconds], values: [value]))
        }
        if !samples.isEmpty { try await sink.append(samples) }
    }

    /// The text of a template, its queries asked as of the round's moment; what is wrong with it stands in its place.
    func render(_ template: Template, _ scene: TemplateScene) async -> String {
        var scene = scene
        while true {
            do throws(TemplateError) {
                return try template.render(scene)
            } catch {
                guard let query = error.missingQuery, scene.answers.count < Template.mostQueries else {
                    return Template.explanation(of: error)
                }
                do {
                    scene.answers[query] = .success(try await elements(of: query, at: moment))
                } catch {
                    scene.answers[query] = .failure("\(error)")
                }
            }
        }
    }

    /// Takes over what failed on behalf of another.
    mutating func take(failuresOf other: RuleAsker) { failures += other.failures }

    mutating func fail(pack: String, rule: String, _ place: SourcePlace, _ error: any Error) {
        failures.append(RuleFailure(pack: pack, rule: rule, place: place, reason: "\(error)"))
    }
}

/// What is wrong with a rule's answer.
struct RuleProblem: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

extension Rule {
    /// What a recording rule writes: its own name and labels over the elements'.
    func series(of elements: [InstantSample]) throws -> [Labels: Double] {
        var series: [Labels: Double] = [:]
        for element in elements {
            var named = element.labels
            for (label, template) in labels { named[label] = template.source }
            named[Labels.metricName] = name
            if series.updateValue(element.value, forKey: named) != nil {
                throw RuleProblem("two of its elements have the same labels \(named) once the rule's are applied")
            }
        }
        return series
    }
}
