import ArgumentParser
import FleetModel
import FleetServer
import Foundation
import Placement
import Remediation
import RulePacks
import Simulation

/// `evenkeel bench control`: what the control loop costs on a large fleet.
struct BenchControlCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "control",
        abstract: "Rounds of the control loop, evaluation apart, and a listing of many tips, on a made-up fleet.",
        discussion: """
            Processor time of one round without new tips, of one with --tips new ones, each planned, of a host's \
            report, of one relief by itself, and of a listing of --listed open tips as the API gives it. Each is the middle of several runs.
            Example: evenkeel bench control --hosts 400 --vms 8000
            """)

    @Option(help: "Hosts.")
    var hosts = 400

    @Option(help: "VMs.")
    var vms = 8000

    @Option(help: "New tips in one round.")
    var tips = 100

    @Option(help: "Open tips in the listing.")
    var listed = 10_000

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (2...20_000).contains(hosts), (0...400_000).contains(vms) else {
            throw ValidationError("--hosts is 2 to 20000 and --vms up to 400000")
        }
        guard (1...hosts).contains(tips), (1...1_000_000).contains(listed) else {
            throw ValidationError("--tips is 1 to --hosts and --listed up to 1000000")
        }
    }

    func run() async throws {
        let benchmark = ControlBenchmark(hosts: hosts, machines: vms)
        let rows = benchmark.rounds(newTips: tips) + [benchmark.listing(of: listed)]
        try output.show(rows) { rows in
            var table = TextTable("WHAT", ">CPU ms")
            for row in rows { table.add(row.what, String(format: "%.1f", row.milliseconds)) }
            return table.text
        }
    }
}

/// A figure of the benchmark.
struct ControlFigure: Encodable {
    let what: String
    let milliseconds: Double
}

/// A large fleet around a real control loop.
struct ControlBenchmark {
    let hosts: Int
    let machines: Int

    private static let start = Timestamp(milliseconds: 1_800_000_000_000)
    private static let cluster = ClusterName("bench")

    func rounds(newTips: Int) -> [ControlFigure] {
        var loop = ControlLoop()
        _ = loop.receive(.restored(StoredState(), time: Self.start))
        let records = records()
        for record in records { _ = loop.receive(.report(record)) }
        _ = loop.receive(round([], records))
        let quiet = Self.middle(of: 7) {
            var copy = loop
            _ = copy.receive(round([], records))
        }
        let alerts = records.prefix(newTips).map { Self.alert(about: $0.report.host) }
        let busy = Self.middle(of: 5) {
            var copy = loop
            _ = copy.receive(round(alerts, records))
        }
        let report = Self.middle(of: 7) {
            var copy = loop
            if let first = records.first { _ = copy.receive(.report(first)) }
        }
        let planner = Planner(limits: loop.settings.planner)
        let picture = { (alerts: [ActiveAlert]) in
            var copy = loop
            _ = copy.receive(round(alerts, records))
            return copy.pictureOfNow
        }(alerts)
        var fleet = planner.prepare(picture)
        let request = records.first.map {
            PlanRequest.relieveHost($0.report.host, resource: .processor, target: 0.65)
        }
        let relief = {
            Self.middle(of: 7) { if let request { _ = planner.plan(request, on: &fleet) } }
        }
        let cold = Self.middle(of: 5) { if let request { _ = planner.plan(request, on: picture) } }
        _ = relief()
        let warm = relief()
        let size = "\(hosts) hosts and \(machines) VMs"
        return [
            ControlFigure(what: "a round without new tips, \(size)", milliseconds: quiet),
            ControlFigure(what: "a round with \(newTips) new tips, \(size)", milliseconds: busy),
            ControlFigure(what: "a host's report", milliseconds: report),
            ControlFigure(what: "relieve-host on a new picture", milliseconds: cold),
            ControlFigure(what: "relieve-host on a picture that is prepared", milliseconds: warm),
        ]
    }

    func listing(of count: Int) -> ControlFigure {
        let record = records().first
        let host = record?.report.host
        let tips = (1...count).compactMap { number -> Tip? in
            guard let host, let cluster = Self.cluster else { return nil }
            let alert = Self.alert(about: host)
            guard let tip = alert.tip else { return nil }
            return Tip(
                number: Int64(number), pack: alert.pack, alert: alert.alert, subject: .host(host, cluster: cluster),
                level: tip.level, title: "\(host) is hot, tip \(number)", body: tip.body, knowledge: tip.knowledge,
                evidence: tip.evidence, remediation: tip.remediation, terms: tip.terms, raised: Self.start,
                updated: Self.start)
        }
        let time = Self.middle(of: 5) { _ = TipRow.json(tips.sorted { $0.number > $1.number }.map(TipRow.init)) }
        return ControlFigure(what: "a listing of \(count) open tips", milliseconds: time)
    }

    private static func middle(of runs: Int, _ body: () -> Void) -> Double {
        let times = (0..<runs).map { _ in
            let begin = clock()
            body()
            return Double(clock() - begin) / Double(CLOCKS_PER_SEC) * 1000
        }
        return times.sorted()[runs / 2]
    }

    // MARK: The fleet

    private func records() -> [HostRecord] {
        guard let cluster = Self.cluster else { return [] }
        var generator = SeededGenerator(seed: 1)
        let names = (0..<hosts).compactMap { HostName("host-\($0)") }
        var statuses: [[VirtualMachineStatus]] = Array(repeating: [], count: names.count)
        for number in 0..<machines {
            guard let name = Name<VirtualMachineKind>("vm-\(number)") else { continue }
            let definition = VirtualMachineDefinition(
                id: .random(using: &generator), name: name, virtualProcessors: 2, memory: .gibibytes(4))
            statuses[number % names.count].append(
                VirtualMachineStatus(
                    definition: definition, state: .running, accelerator: .kvm, residentMemory: .gibibytes(4)))
        }
        return zip(names, statuses).map { name, machines in
            let used = machines.reduce(Bytes.zero) { $0 + $1.definition.memory }
            let report = HostReport(
                host: name, cluster: cluster, time: Self.start, agentVersion: "bench", agentRun: "1",
                logicalProcessors: 32, memory: .gibibytes(256), memoryAvailable: .gibibytes(256) - used,
                accelerator: .kvm, migrationAddress: "10.0.0.1", virtualMachines: machines)
            return HostRecord(report: report, received: Self.start)
        }
    }

    private func round(_ alerts: [ActiveAlert], _ records: [HostRecord]) -> ControlEvent {
        var readings = LoadReadings(time: Self.start, window: .seconds(60))
        for (place, record) in records.enumerated() {
            let isHot = place < alerts.count
            readings.hostProcessorUse[record.report.host] = isHot ? 0.9 : 0.3
            for status in record.report.virtualMachines {
                readings.virtualMachineUse[status.definition.id] = isHot ? 1.4 : 0.4
            }
        }
        return .round(
            ControlRound(
                alerts: AlertRound(time: Self.start, alerts: alerts, healthy: [], failures: []), readings: readings))
    }

    private static func alert(about host: HostName) -> ActiveAlert {
        guard let cluster else { preconditionFailure("'bench' is a cluster's name") }
        let terms = TipTerms(
            approval: .automatic, arguments: ["resource": "processor", "target": "0.65"], hasVerification: true)
        let tip = RenderedTip(
            subject: .host(host, cluster: cluster), level: .warning, title: "\(host) is hot", body: "It is hot.",
            knowledge: "What to know.",
            evidence: [Evidence(query: "q", time: start, value: 0.9, text: "processor at 90 %")],
            remediation: "relieve-host", terms: terms)
        return ActiveAlert(
            pack: "host-pressure", alert: "HostProcessorHot", labels: ["host": host.text], value: 0.9, isFiring: true,
            activeSince: start, tip: tip)
    }
}
