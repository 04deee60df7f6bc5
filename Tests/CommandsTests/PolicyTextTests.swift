import FleetModel
import FleetServer
import Foundation
import Testing

@testable import Commands

@Suite("The policy for a person")
struct PolicyTextTests {
    @Test("VMs stand with their names beside their UUIDs, where somebody reports them")
    func names() throws {
        let (known, gone) = try (machine(1), machine(2))
        var policy = FleetPolicy()
        policy.version = 3
        policy.automation = [
            AutomationRule(scope: .machine(known), level: .operator),
            AutomationRule(scope: .machine(gone), level: .off),
        ]
        policy.machines = [known: MachinePolicy(priority: .high, isHighlyAvailable: true)]
        struct View: Encodable {
            var policy: FleetPolicy
            var warnings: [String] = []
            var holds: [Hold] = []
            var names: [String: String]
            var limits: [String: Double] = [:]
        }
        let data = try JSONEncoder().encode(View(policy: policy, names: [known.text: "db-1"]))
        let text = PolicyListCommand.text(try JSONDecoder().decode(PolicyView.self, from: data))
        #expect(text.contains("vm:\(known): operator  (db-1)\n"), "\(text)")
        #expect(text.contains("vm:\(gone): off\n"))
        #expect(text.hasSuffix("VM       db-1 (\(known)): priority high, highly available"))
    }

    @Test("A limit has no fraction that it does not have, wherever it is said")
    func limits() throws {
        #expect(PolicyChange.setLimit(.actionsPerHour, 20).text == "actions-per-hour: 20")
        #expect(PolicyChange.setLimit(.hostCoolDownMinutes, 7.5).text == "host-cool-down-minutes: 7.5")
        let objection = #expect(throws: PolicyProblem.self) {
            try FleetPolicy().applying(.setLimit(.actionsPerHour, 1e9))
        }
        #expect(objection.map { "\($0)" }?.hasSuffix("not 1000000000") == true)
    }

    private func machine(_ number: Int) throws -> VirtualMachineID {
        try #require(VirtualMachineID("00000000-0000-4000-8000-00000000000\(number)"))
    }
}
