import FleetModel
import Foundation
import Hummingbird
import Placement
import Remediation

/// What the planner would do: questions that change nothing.
struct PlanRoute {
    let controller: FleetController
    let reader: FleetReader

    func add(to router: Router<FleetRequestContext>) {
        router.group("/fleet/v1").get("plan") { request, context in
            _ = try context.requireOperator()
            let question = try await question(RequestParameters(request))
            let answer = await controller.look { loop, time in
                Result { () throws(PolicyProblem) in try loop.answer(question, at: time) }
            }
            do {
                return try FleetJSON.response(try answer.get())
            } catch let problem as PolicyProblem {
                throw APIError(.notFound, "\(problem)")
            }
        }
    }

    private func question(_ parameters: RequestParameters) throws -> PlanQuestion {
        guard let kind = parameters["kind"].flatMap(PlanQuestion.Kind.init) else {
            let kinds = PlanQuestion.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw APIError(.badRequest, "kind: '\(parameters["kind"] ?? "")' is none of \(kinds)")
        }
        let key = kind.isAboutHost ? "host" : "cluster"
        guard let object = parameters[key], !object.isEmpty else {
            throw APIError(.badRequest, "\(key): '\(kind.rawValue)' is about a \(key); say which")
        }
        var question = PlanQuestion(kind, about: object)
        if let target = try share("target", parameters, in: 0.01...1) { question.target = target }
        if let growth = try share("grow", parameters, in: -0.99...10) { question.growth = growth }
        if let text = parameters["resource"] {
            guard let resource = HostResource(rawValue: text) else {
                throw APIError(.badRequest, "resource: '\(text)' is neither processor nor memory")
            }
            question.resource = resource
        }
        question.aggressiveness = try number("aggressiveness", parameters, in: 1...5) ?? question.aggressiveness
        question.moves = try number("moves", parameters, in: 1...1000)
        question.failures = try number("failures", parameters, in: 1...10)
        question.lost = try hosts("lose", parameters)
        question.added = try hosts("add", parameters)
        question.grown = try parameters.all("vm").map { try reader.machine(named: $0) }
        return question
    }

    /// The most hosts that may be supposed to come or go.
    private static let mostHosts = 100

    private func hosts(_ name: String, _ parameters: RequestParameters) throws -> [HostName] {
        let texts = parameters.all(name)
        guard texts.count <= Self.mostHosts else {
            throw APIError(.badRequest, "\(name): at most \(Self.mostHosts) hosts")
        }
        return try texts.map { text in
            guard let host = HostName(text) else { throw APIError(.badRequest, "\(name): '\(text)' is no host's name") }
            return host
        }
    }

    private func share(
        _ name: String, _ parameters: RequestParameters, in range: ClosedRange<Double>
    ) throws -> Double? {
        guard let text = parameters[name] else { return nil }
        guard let value = Double(text), range.contains(value) else {
            throw APIError(
                .badRequest, "\(name): '\(text)' is no share from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    private func number(_ name: String, _ parameters: RequestParameters, in range: ClosedRange<Int>) throws -> Int? {
        guard let text = parameters[name] else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw APIError(
                .badRequest, "\(name): '\(text)' is no whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }
}
