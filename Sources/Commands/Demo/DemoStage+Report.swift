import FleetModel
import FleetServer
import HostRuntime

extension DemoStage {
    /// How long after a migration the guest's ticks are still looked at.
    private static let aftermath: Duration = .seconds(1)

    /// Puts together what was measured, and judges it.
    func report(
        _ overloadBegan: Timestamp, tips: [TipView], operations: [OperationView], before: DemoLive, after: DemoLive
    ) -> DemoReport {
        let migrations = operations.filter { $0.state == .succeeded }.map(migration)
        var report = DemoReport(
            scenario: options.scenario.rawValue, relieved: false, problem: nil,
            accelerator: accelerator.accelerator.rawValue, acceleratorNotice: accelerator.notice,
            overloadBegan: overloadBegan, tips: tips.map(Self.tip), migrations: migrations,
            hosts: hosts.map { host($0, before: before, after: after) })
        report.problem = objection(tips: tips, migrations: migrations)
        report.relieved = report.problem == nil
        return report
    }

    /// Why the host does not count as relieved.
    private func objection(tips: [TipView], migrations: [DemoReport.Migration]) -> String? {
        let host = plan.troubled.name
        guard tips.contains(where: { $0.state == .resolved }) else {
            let states = tips.map { "\($0.number) \($0.state.rawValue)" }.joined(separator: ", ")
            return "no tip about \(host) was resolved (\(states))"
        }
        guard migrations.contains(where: { $0.from == host.text }) else { return "no VM was migrated off \(host)" }
        if let silent = migrations.first(where: { $0.ticksOnDestination == 0 }) {
            return "the guest of \(silent.vm) did not tick on \(silent.to)"
        }
        return nil
    }

    private func migration(_ operation: OperationView) -> DemoReport.Migration {
        let action = operation.action
        var migration = DemoReport.Migration(
            vm: action.name, from: action.from, to: action.to ?? "",
            totalMilliseconds: operation.figures?.totalMilliseconds,
            downtimeMilliseconds: operation.figures?.downtimeMilliseconds, guestGapMilliseconds: nil,
            ticksOnDestination: 0, began: operation.created, ended: operation.ended)
        guard let machine = VirtualMachineID(action.virtualMachine), let destination = action.to.flatMap(HostName.init)
        else {
            return migration
        }
        let ticks = consoles.ticks(of: machine)
        let end = (operation.ended ?? operation.created) + Self.aftermath
        migration.guestGapMilliseconds = ticks.longestGap(from: operation.created, through: end)
        migration.ticksOnDestination = ticks.count(from: destination, since: operation.created)
        return migration
    }

    private func host(_ host: LocalFleet.Host, before: DemoLive, after: DemoLive) -> DemoReport.Host {
        func seen(_ view: DemoLive) -> HostView? { view.hosts.first { $0.name == host.name.text } }
        func memoryUsed(_ view: HostView?) -> Double? {
            guard let view, let available = view.memoryAvailable, view.memory > .zero else { return nil }
            return 1 - Double(available.count) / Double(view.memory.count)
        }
        return DemoReport.Host(
            name: host.name.text, logicalProcessors: host.logicalProcessors,
            processorBefore: seen(before)?.processorUse, processorAfter: seen(after)?.processorUse,
            memoryUsedBefore: memoryUsed(seen(before)), memoryUsedAfter: memoryUsed(seen(after)))
    }

    private static func tip(_ tip: TipView) -> DemoReport.Tip {
        let approval = tip.history.first { $0.state == .approved }
        return DemoReport.Tip(
            number: tip.number, level: tip.level.rawValue, state: tip.state.rawValue, subject: tip.subject,
            title: tip.title, raised: tip.raised, approved: approval?.time, approvedBy: approval?.actor,
            closed: tip.state.isFinal ? tip.updated : nil)
    }
}
