import FleetModel
import Placement
import RulePacks

/// A tip's remediation as a request to the planner. Which VM moves where is never in it: that is the planner's.
enum Remedy: Sendable, Hashable {
    /// The planner can be asked.
    case request(PlanRequest)
    /// An action of the pack's own.
    case plugIn(PlugInCall)
    /// Nothing that Evenkeel can do by itself: why, for a person.
    case advice(String)

    init(for tip: Tip) {
        if let obstacle = tip.terms.obstacle {
            self = .advice(obstacle)
            return
        }
        guard let remediation = RemediationName(rawValue: tip.remediation) else {
            self = .advice("the pack asks for '\(tip.remediation)', which is not a remediation of this version")
            return
        }
        switch remediation {
        case .relieveHost: self = Self.relief(of: tip)
        case .evacuateHost:
            guard case .host(let host, _) = tip.subject else {
                self = .advice("'\(tip.remediation)' needs a host, and this tip is about \(tip.subject.name)")
                return
            }
            self = .request(tip.isDrain ? .drainHost(host) : .evacuateHost(host))
        case .balanceCluster: self = .request(.balanceCluster(tip.subject.cluster, aggressiveness: 3))
        case .execute: self = Self.plugIn(of: tip, "command", PlugInCall.Means.program, standard: 300)
        case .webhook: self = Self.plugIn(of: tip, "url", PlugInCall.Means.webhook, standard: 60)
        default:
            let reason = remediation.adviceReason ?? "nobody carries it out"
            self = .advice("'\(tip.remediation)' is advice: \(reason)")
        }
    }

    private static func relief(of tip: Tip) -> Remedy {
        guard case .host(let host, _) = tip.subject else {
            return .advice("'\(tip.remediation)' needs a host, and this tip is about \(tip.subject.name)")
        }
        let word = tip.terms.arguments["resource"] ?? ""
        guard let resource = HostResource(rawValue: word) else {
            return .advice("'\(tip.remediation)' has resource '\(word)'; it knows processor and memory")
        }
        let target = tip.terms.arguments["target"] ?? ""
        guard let share = share(target) else {
            return .advice("'\(tip.remediation)' has target '\(target)'; it needs a share between 0 and 1")
        }
        return .request(.relieveHost(host, resource: resource, target: share))
    }

    private static func plugIn(
        of tip: Tip, _ key: String, _ means: (String) -> PlugInCall.Means, standard: Double
    ) -> Remedy {
        guard let target = tip.terms.arguments[key], !target.isEmpty else {
            return .advice("'\(tip.remediation)' has no '\(key)'")
        }
        let limit = tip.terms.arguments["time_limit"].flatMap(Double.init) ?? standard
        let prefix = RemediationRule.plugInPrefix
        let own = tip.terms.arguments.filter { $0.key.hasPrefix(prefix) }
            .map { (String($0.key.dropFirst(prefix.count)), $0.value) }
        return .plugIn(
            PlugInCall(
                pack: tip.pack, means: means(target), arguments: Dictionary(own) { first, _ in first },
                timeLimitSeconds: max(1, min(limit, 86_400))))
    }

    private static func share(_ text: String) -> Double? {
        guard let value = Double(text), value > 0, value <= 1 else { return nil }
        return value
    }
}

extension Tip {
    /// Whether both tips would do the same kind of thing to the same object, so that one of them is enough. Advice does
    /// nothing: each finding has its say, unless its pack holds it back (`inhibits`).
    func sharesRemedy(with other: Tip) -> Bool {
        if case .advice = Remedy(for: self) { return false }
        return subject == other.subject && remediation == other.remediation
            && terms.arguments["resource"] == other.terms.arguments["resource"]
            && terms.arguments["command"] == other.terms.arguments["command"]
            && terms.arguments["url"] == other.terms.arguments["url"]
    }
}
