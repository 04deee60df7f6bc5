import FleetModel
import FleetServer
import HostRuntime
import Remediation

extension DemoStage {
    /// How long each part of the story may take before it is given up.
    private static let patience: Duration = .seconds(110)
    /// The same of the tips, each of which may wait for room, for its verification, and for a second one after it.
    private static let tipPatience: Duration = .seconds(330)
    /// How long an operator may think when the demonstration does not end by itself.
    private static let operatorPatience: Duration = .seconds(3600)
    private static let lookAgain: Duration = .milliseconds(500)

    /// Plays the story to its end and returns what was measured.
    func play() async throws -> DemoReport {
        try await withThrowingTaskGroup(of: DemoReport?.self) { group in
            group.addTask { try await showForever() }
            group.addTask { try await story() }
            defer { group.cancelAll() }
            while let report = try await group.next() {
                guard let report else { continue }
                told = report
                if !options.once { try await linger(report) }
                return report
            }
            throw CancellationError()
        }
    }

    private func story() async throws -> DemoReport {
        try await calm()
        narrator.picture(try await look())
        let overloadBegan = WallClock().now
        try stir()
        let tip = try await firstTip()
        let before = try await look()
        announce(tip)
        narrator.picture(before)
        let ended = try await followed(tip)
        let operations = try await migrations(of: ended)
        try await settle(after: operations)
        let after = try await look()
        narrator.picture(after)
        return report(overloadBegan, tips: ended, operations: operations, before: before, after: after)
    }

    /// Waits until everybody is heard, reports, is measured, and has nothing much to do.
    private func calm() async throws {
        try await wait("every guest's first tick") {
            plan.machines.allSatisfy { !consoles.ticks(of: $0.definition.id).ticks.isEmpty }
        }
        for machine in plan.machines { try consoles.tell(machine.definition.id, .burn(percent: machine.calmBurn)) }
        narrator.say("all guests tick; waiting until every host reports and is measured")
        try await wait("the server") { await fleet.client.isReady() }
        try await setWaitingAside()
        try await wait("measured loads of every host and VM, with \(plan.troubled.name) calm") {
            let view = try await look()
            let running = view.machines.filter { $0.state == .running && $0.processorUse != nil }
            let use = view.hosts.first { $0.name == plan.troubled.name.text }?.processorUse
            let isCalm = options.scenario != .hotHost || use.map { $0 < 0.6 } ?? false
            return view.hosts.filter { $0.processorUse != nil }.count == plan.hosts.count
                && running.count == plan.machines.count && isCalm
        }
    }

    /// Lets the story be about run time and memory: how long virtual processors wait says nothing here.
    private func setWaitingAside() async throws {
        for name in DemoPlan.waiting {
            let order = ParameterOrder(name: name, value: "100%", cluster: nil)
            let _: PackDetails = try await fleet.client.post("/fleet/v1/packs/host-pressure/parameters", order)
        }
        narrator.say(
            "rules on waiting for processors are set aside: hosts of one logical processor always wait a little")
    }

    /// Begins the trouble.
    private func stir() throws {
        let names = plan.troubled.machines.map(\.definition.name.text).joined(separator: ", ")
        switch options.scenario {
        case .hotHost:
            narrator.say("the load of \(names) on \(plan.troubled.name) rises")
            for machine in plan.troubled.machines {
                try consoles.tell(machine.definition.id, .burn(percent: machine.busyBurn))
            }
        case .lowMemory:
            narrator.say("\(names) on \(plan.troubled.name) fill their memory")
            for machine in plan.troubled.machines {
                let most = Int(machine.definition.memory.inMebibytes) - 2
                try consoles.tell(machine.definition.id, .fill(mebibytes: most))
            }
        }
    }

    /// The first tip about the troubled host that has a plan.
    private func firstTip() async throws -> TipView {
        var found = "there is none at all"
        return try await value("a tip about \(plan.troubled.name) with a plan; \(found)") {
            let tips = try await tips()
            if let tip = tips.first, let note = tip.history.last?.note { found = "of '\(tip.title)': \(note)" }
            return tips.first { $0.plan != nil }
        }
    }

    private func announce(_ tip: TipView) {
        narrator.say("tip \(tip.number) (\(tip.level.rawValue)): \(tip.title)")
        for evidence in tip.evidence { narrator.say("  evidence: \(evidence.text)") }
        narrator.say("  proposes: \(TipText.proposal(tip))")
        if options.auto { return }
        let server = options.port == 7411 ? "" : " --server \(fleet.address)"
        narrator.say("approve it from another terminal:  \(Daemon.executable) tip approve \(tip.number)\(server)")
    }

    /// Follows the tips about the troubled host until one of them is resolved and whatever else has a plan has ended.
    private func followed(_ first: TipView) async throws -> [TipView] {
        var told: [Int64: TipState] = [first.number: .raised]
        let patience = options.auto ? Self.tipPatience : Self.operatorPatience
        return try await value("the end of tip \(first.number)", patience: patience) {
            let tips = try await tips()
            for tip in tips where told[tip.number] != tip.state {
                told[tip.number] = tip.state
                narrator.say("tip \(tip.number) is \(tip.state.rawValue): \(tip.history.last?.note ?? "")")
            }
            // What is only advice ends no story that has no good end yet: it may be planned still.
            let isUnresolved = !tips.contains { $0.state == .resolved }
            let goesOn = tips.contains { tip in
                !tip.state.isFinal && (isUnresolved || tip.plan != nil) || tip.state == .expired
            }
            return goesOn ? nil : tips.sorted { $0.number < $1.number }
        }
    }

    /// Waits until what is measured no longer reaches back before the last migration's end: loads are averages.
    private func settle(after operations: [OperationView]) async throws {
        guard let end = operations.compactMap(\.ended).max() else { return }
        narrator.say("waiting for a whole window of measurements since the last migration")
        let window = LoadQueries().scaled(by: Double(Self.packSpeed)).window
        try await wait("measurements of \(window) since the last migration") {
            let status: StatusView = try await fleet.client.get("/fleet/v1/status")
            return status.lastRound.map { $0 >= end + window } ?? false
        }
    }

    /// All tips about the troubled host, ended ones as well.
    private func tips() async throws -> [TipView] {
        let all: [TipView] = try await fleet.client.get("/fleet/v1/tips?all=true")
        return all.filter { $0.subjectKind == "host" && $0.subject == plan.troubled.name.text }
    }

    private func migrations(of tips: [TipView]) async throws -> [OperationView] {
        var found: [OperationView] = []
        for number in tips.flatMap(\.operations).sorted() {
            found.append(try await fleet.client.get("/fleet/v1/operations/\(number)"))
        }
        return found
    }

    /// The fleet as the server sees it now.
    private func look() async throws -> DemoLive {
        let client = fleet.client
        var view = DemoLive()
        view.addresses = [fleet.address + "/api/v1/query", fleet.address + "/fleet/v1/status"]
        view.hosts = try await client.get("/fleet/v1/hosts")
        view.machines = try await client.get("/fleet/v1/vms")
        view.tips = try await client.get("/fleet/v1/tips")
        return view
    }

    private func showForever() async throws -> DemoReport? {
        while !Task.isCancelled {
            if narrator.isLive, await fleet.client.isReady(), let view = try? await look() { narrator.draw(view) }
            try fleet.requireRunning()
            try await WallClock().sleep(for: .seconds(1))
        }
        return nil
    }

    /// Leaves the fleet up for looking around, until Ctrl-C.
    private func linger(_ report: DemoReport) async throws {
        narrator.say(report.relieved ? "the host is relieved" : report.problem ?? "the host was not relieved")
        narrator.say("look around: \(Daemon.executable) host ls --server \(fleet.address); Ctrl-C ends the demo")
        try await WallClock().sleep(for: .seconds(365 * 86_400))
    }

    private func wait(_ what: String, until holds: () async throws -> Bool) async throws {
        _ = try await value(what) { try await holds() ? true : nil }
    }

    /// Asks again until there is an answer; a failure names what was waited for.
    private func value<Value>(
        _ what: @autoclosure () -> String, patience: Duration = Self.patience, _ ask: () async throws -> Value?
    ) async throws -> Value {
        let clock = WallClock()
        let deadline = clock.now + patience
        while true {
            if let value = try await ask() { return value }
            try fleet.requireRunning()
            if clock.now > deadline { throw CommandFailure(.no, "gave up after \(patience) of waiting for \(what())") }
            try await clock.sleep(for: Self.lookAgain)
        }
    }
}
