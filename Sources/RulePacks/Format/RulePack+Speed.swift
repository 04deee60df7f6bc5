import FleetModel

extension RulePack {
    /// The same pack with every range, wait and limit of time divided by `speed`, so that a demo runs the very rules
    /// that a fleet runs, only faster. Parameters stay as they are. `speed` is above zero.
    public func scaled(by speed: Double) -> RulePack {
        guard speed != 1, speed > 0, speed.isFinite else { return self }
        var pack = self
        pack.speed *= speed
        pack.groups = groups.map { $0.scaled(by: speed) }
        pack.tips = tips.mapValues { $0.scaled(by: speed) }
        return pack
    }
}

extension RuleGroup {
    fileprivate func scaled(by speed: Double) -> RuleGroup {
        var group = self
        group.interval = interval?.divided(by: speed)
        group.queryOffset = queryOffset.divided(by: speed)
        group.rules = rules.map { rule in
            var rule = rule
            rule.expression = ExpressionCheck.scaled(rule.expression, by: speed)
            if case .alert(let name, let holdFor, let keepFiringFor) = rule.kind {
                rule.kind = .alert(
                    name, holdFor: holdFor.divided(by: speed), keepFiringFor: keepFiringFor.divided(by: speed))
            }
            return rule
        }
        return group
    }
}

extension TipRule {
    /// Evidence queries are templates and are scaled once they are filled in.
    fileprivate func scaled(by speed: Double) -> TipRule {
        var tip = self
        tip.coolDown = coolDown.divided(by: speed)
        tip.expiry = expiry.divided(by: speed)
        tip.verification = verification.map {
            Verification(
                expression: ExpressionCheck.scaled($0.expression, by: speed), within: $0.within.divided(by: speed))
        }
        return tip
    }
}
