import ConfigurationFile
import FleetModel
import FleetServer
import Testing

@Suite("The policy as a file")
struct PolicyFileTests {
    private static func machine(_ digit: Int) throws -> VirtualMachineID {
        try #require(VirtualMachineID("00000000-0000-4000-8000-00000000000\(digit)"))
    }

    private static func read(_ yaml: String) throws -> FleetPolicy {
        let known = try machine(1)
        return try PolicyFile.policy(in: yaml, file: "policy.yaml") { text in
            text == "web-1" ? .success(known) : .failure(PolicyProblem("there is no VM '\(text)'"))
        }
    }

    private static let whole = """
        clusters:
          - name: lab
            reserve: 1
            processor_over_commit: 4.5
            memory_over_commit: 1.0
            domains:
              - name: "rack \\"1\\""
                hosts: [kvm1, kvm2]
        constraints:
          - kind: anti-affinity
            vms: [web-1, 00000000-0000-4000-8000-000000000002]
            reason: "one: # must \\n survive"
          - number: 7
            kind: pin
            vms: [web-1]
            hosts: [kvm1]
        vms:
          - vm: web-1
            priority: high
            highly_available: true
        automation:
          - scope: fleet
            level: automatic
            threshold: critical
          - scope: vm:web-1
            level: "off"
        windows:
          - name: fair
            kind: blackout
            zone: Europe/Berlin
            from: "22:00"
            to: "06:30"
            days: [mon, sun]
            dates: ["2026-12-20..2027-01-02", "2027-05-01"]
            clusters: [lab]
        limits:
          actions-per-hour: 10
          vm-cool-down-minutes: 7.5
        """

    @Test("What is exported is imported as the same, with names that mean something to YAML")
    func roundTrip() throws {
        let policy = try Self.read(Self.whole)
        #expect(policy.constraints.map(\.number) == [1, 7])
        #expect(policy.windows.first?.to == 390 && policy.windows.first?.dates.count == 2)
        #expect(policy.limits == [.actionsPerHour: 10, .machineCoolDownMinutes: 7.5])
        let text = PolicyFile.text(of: policy) { _ in "a\nname: {" }
        #expect(try Self.read(text) == policy, "\(text)")
        #expect(try Self.read(PolicyFile.text(of: FleetPolicy()) { _ in nil }).isEmpty)
    }

    @Test("Whatever an operator wrote as a reason is exported so that it is imported as the same")
    func reasons() throws {
        var policy = try Self.read(Self.whole)
        for scalar in (Array(1...0xff) + Array(0x2020...0x2030)).compactMap(Unicode.Scalar.init) + [
            "\u{feff}", "\u{fffe}", "\u{ffff}", "\u{1f600}",
        ] {
            policy.constraints[0].reason = "a \(scalar) b\(scalar)"
            let text = PolicyFile.text(of: policy) { _ in "x\(scalar)y: [" }
            #expect((try? Self.read(text)) == policy, "U+\(String(scalar.value, radix: 16))")
        }
    }

    @Test(
        "What is wrong is named with its line, and nothing is taken",
        arguments: [
            ("clusters:\n  - name: lab\n    reserve: -1\n", "policy.yaml:3:14: clusters[0].reserve: '-1' is no number"),
            ("clusters:\n  - nam: lab\n", "did you mean 'name'?"),
            ("constraints:\n  - kind: together\n    vms: [web-1]\n", "'together' is none of affinity, anti-affinity"),
            ("constraints:\n  - kind: affinity\n    vms: [web-1, web-9]\n", "there is no VM 'web-9'"),
            ("constraints:\n  - kind: affinity\n    vms: [web-1]\n", "affinity needs two VMs"),
            ("automation:\n  - scope: everywhere\n    level: operator\n", "'everywhere' is none of fleet"),
            ("automation:\n  - scope: fleet\n    level: full\n", "'full' is none of off, advise"),
            ("automation:\n  - scope: fleet\n    level: advise\n  - scope: fleet\n    level: operator\n", "two levels"),
            ("windows:\n  - name: w\n    kind: blackout\n    from: 25:00\n", "is no time of the day"),
            ("windows:\n  - name: w\n    kind: blackout\n    dates: [\"2026-02-30\"]\n", "is no date"),
            ("limits:\n  actions-per-hour: many\n", "'many' is no number"),
            ("limits:\n  action-per-hour: 3\n", "did you mean 'actions-per-hour'?"),
            ("clusters:\n  - name: lab\n  - name: lab\n", "is there twice"),
            ("- a\n", "expected keys and values"),
            ("policy: [\n", "not YAML"),
        ])
    func wrong(yaml: String, words: String) {
        let error = #expect(throws: ConfigurationError.self) { try Self.read(yaml) }
        #expect(error?.description.contains(words) == true, "\(String(describing: error))")
    }
}
