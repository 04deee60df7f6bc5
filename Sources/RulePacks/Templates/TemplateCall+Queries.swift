import FleetModel

extension TemplateCall {
    /// Functions of queries and what they answer.
    func ofAnswer() throws(TemplateError) -> TemplateValue {
        switch function {
        case .query: return .list(try answer())
        case .first:
            guard let first = try samples(0).first else { throw TemplateError(place, "first: the answer is empty") }
            return first
        case .sortByLabel:
            let name = try text(0)
            let keyed = try samples(1).enumerated().map { place, sample in
                (key: sample.label(name) ?? "", place: place, sample: sample)
            }
            return .list(keyed.sorted { ($0.key, $0.place) < ($1.key, $1.place) }.map(\.sample))
        case .label:
            guard let value = arguments[1].label(try text(0)) else { throw needsSample() }
            return .text(value)
        case .strvalue:
            guard let value = arguments[0].label("__value__") else { throw needsSample() }
            return .text(value)
        default:
            guard case .sample(_, let value) = arguments[0] else { throw needsSample() }
            return .number(value)
        }
    }

    private func answer() throws(TemplateError) -> [TemplateValue] {
        let expression = try text(0)
        switch scene.answers[expression] {
        case nil: throw TemplateError(place, missing: expression)
        case .failure(let reason): throw TemplateError(place, "query: \(reason)")
        case .success(let elements): return elements.map { .sample(labels: $0.labels, value: $0.value) }
        }
    }

    private func samples(_ index: Int) throws(TemplateError) -> [TemplateValue] {
        guard case .list(let values) = arguments[index] else {
            throw TemplateError(place, "\(function.rawValue) needs the answer of a query")
        }
        return values
    }

    private func needsSample() -> TemplateError {
        TemplateError(place, "\(function.rawValue) needs an element of a query's answer")
    }
}

extension TemplateValue {
    /// A label's value where this is an element of a query's answer.
    fileprivate func label(_ name: String) -> String? {
        guard case .sample(let labels, _) = self else { return nil }
        return labels[name] ?? ""
    }
}
