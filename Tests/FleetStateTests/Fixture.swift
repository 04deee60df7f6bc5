import FleetModel
import FleetState
import Foundation
import Testing

/// Values to store, and a folder to store them in.
enum Fixture {
    static func host(_ text: String) throws -> HostName { try #require(HostName(text)) }

    static func time(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: seconds * 1000) }

    static func record(_ name: String, at seconds: Int64 = 10) throws -> HostRecord {
        let report = HostReport(
            host: try host(name), cluster: try #require(ClusterName("main")), time: time(seconds), agentVersion: "1",
            agentRun: "run", logicalProcessors: 4, memory: .gibibytes(16), memoryAvailable: .gibibytes(8),
            accelerator: .kvm, migrationAddress: "127.0.0.1", virtualMachines: [])
        return HostRecord(report: report, received: time(seconds))
    }

    static func tip(_ number: Int64, _ state: TipState = .raised, updated: Int64 = 10) throws -> Tip {
        Tip(
            number: number, pack: "host-pressure", alert: "HostProcessorHot",
            subject: .host(try host("h1"), cluster: try #require(ClusterName("main"))), level: .warning,
            title: "h1 is \"hot\" – 93 %", body: "b", knowledge: "k",
            evidence: [Evidence(query: "up", time: time(9), value: 0.93, text: "93 %")], remediation: "relieve-host",
            terms: TipTerms(arguments: ["resource": "processor"]), state: state, raised: time(5),
            updated: time(updated))
    }

    static func operation(_ number: Int64, _ state: OperationState = .running, ended: Int64? = nil) throws
        -> FleetModel.Operation
    {
        FleetModel.Operation(
            number: number, tip: 1, action: try action(), requestedBy: "ann", state: state,
            checkpoint: [0, 1, 2, 250, 255], created: time(6), ended: ended.map(time),
            log: [OperationEvent(time: time(6), text: "begun")])
    }

    static func action() throws -> PlannedAction {
        let prediction = Prediction(
            sourceProcessor: .init(before: 0.9, after: 0.6), destinationProcessor: nil, sourceMemory: nil,
            destinationMemory: nil)
        return PlannedAction(
            kind: .migrate(virtualMachine: try machine(), from: try host("h1"), to: try host("h2")),
            virtualMachineName: "web", prediction: prediction)
    }

    /// A policy with something of every kind.
    static func policy() throws -> PolicyVersion {
        let cluster = try #require(ClusterName("main"))
        var own = ClusterPolicy()
        own.reserve = 1
        own.domains = ["rack": [try host("h1")]]
        let date = try #require(CalendarDate("2026-12-24"))
        let window = PolicyWindow(
            name: "fair", kind: .blackout, clusters: [cluster], zone: "Europe/Berlin", days: [.mon],
            dates: [DateSpan(first: date, last: date)], from: 1320, to: 360)
        let changes: [PolicyChange] = [
            .setCluster(cluster, own), .setLimit(.actionsPerHour, 5), .setWindow(window),
            .addConstraint(Constraint(kind: .pin, machines: [try machine()], hosts: [try host("h1")])),
            .setMachine(try machine(), MachinePolicy(priority: .high, isHighlyAvailable: true)),
            .setAutomation(AutomationRule(scope: .fleet, level: .automatic, threshold: .critical)),
        ]
        let policy = try changes.reduce(FleetPolicy()) { try $0.applying($1) }
        return PolicyVersion(policy: policy, time: time(4), actor: "ann", change: "everything")
    }

    static func machine() throws -> VirtualMachineID {
        try #require(VirtualMachineID("00000000-0000-4000-8000-000000000001"))
    }

    static func command(_ number: Int64, host name: String = "h1") throws -> AgentCommand {
        AgentCommand(
            number: number, host: try host(name), operation: 1, task: .inspect(try machine()), issued: time(7))
    }
}

/// A folder that is gone when the test is over.
final class TemporaryFolder {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("fleet-state-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    func file(_ name: String) -> String { path + "/" + name }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
