import FleetModel
import Placement
import RulePacks
import Testing

/// Values that tests are made of.
enum Sample {
    static func name<Value>(_ text: String, _ make: (String) -> Value?) -> Value {
        guard let value = make(text) else { preconditionFailure("'\(text)' is not a name") }
        return value
    }

    static func host(_ text: String) -> HostName { name(text, HostName.init) }

    static func machine(_ number: Int) -> VirtualMachineID {
        let digits = String(number)
        let padded = String(repeating: "0", count: 12 - digits.count) + digits
        return name("00000000-0000-4000-8000-\(padded)", VirtualMachineID.init)
    }

    static func status(_ number: Int, _ state: VirtualMachineState) -> VirtualMachineStatus {
        let definition = VirtualMachineDefinition(
            id: machine(number), name: name("vm-\(number)", Name<VirtualMachineKind>.init), virtualProcessors: 2,
            memory: .gibibytes(1))
        return VirtualMachineStatus(
            definition: definition, state: state, accelerator: state == .stopped ? nil : .kvm,
            residentMemory: .mebibytes(800))
    }

    /// Why nothing is moved off h1, of which a part is too much; `nil` where something is.
    static func reliefObjection(_ fleet: FleetSnapshot) -> String? {
        let relief = PlanRequest.relieveHost(host("h1"), resource: .processor, target: 0.7)
        switch Planner().plan(relief, on: fleet) {
        case .plan: return nil
        case .impossible(let reason, let rejected):
            return ([reason] + rejected.map(\.reason)).joined(separator: "; ")
        }
    }

    static func record(_ host: HostName, machines: [VirtualMachineStatus], at time: Timestamp) -> HostRecord {
        let report = HostReport(
            host: host, cluster: World.cluster, time: time, agentVersion: "1", agentRun: "run-1", logicalProcessors: 4,
            memory: .gibibytes(16), memoryAvailable: .gibibytes(10), accelerator: .kvm, migrationAddress: "127.0.0.1",
            virtualMachines: machines)
        return HostRecord(report: report, received: time)
    }

    static func key(_ host: String, alert: String = "HostProcessorHot") -> AlertKey {
        AlertKey(pack: "host-pressure", alert: alert, subject: .host(Sample.host(host), cluster: World.cluster))
    }

    /// A firing alert about a host whose processor is hot.
    static func hot(
        _ host: String, alert: String = "HostProcessorHot", level: TipLevel = .warning,
        approval: TipTerms.Approval = .automatic, hasVerification: Bool = true
    ) -> ActiveAlert {
        let terms = TipTerms(
            approval: approval, arguments: ["resource": "processor", "target": "0.65"], coolDownSeconds: 600,
            expirySeconds: 3600, verifyWithinSeconds: 300, hasVerification: hasVerification)
        let evidence = Evidence(query: "q", time: Timestamp(milliseconds: 0), value: 0.9, text: "processor at 90 %")
        let tip = RenderedTip(
            subject: key(host).subject, level: level, title: "\(host) is hot", body: "b", knowledge: "k",
            evidence: [evidence], remediation: "relieve-host", terms: terms)
        return ActiveAlert(
            pack: "host-pressure", alert: alert, labels: ["host": host], value: 0.9, isFiring: true,
            activeSince: Timestamp(milliseconds: 0), tip: tip)
    }
}
