import FleetModel
import Foundation

@testable import FleetServer
@testable import Remediation

/// The policy as operators keep it in files.
extension FuzzTarget {
    /// A file of a policy. What is taken for one is written so that it is read as the same, by itself and with what people call
    /// its VMs beside them, and its calendar answers for any time.
    static let policy = FuzzTarget(
        name: "policy", seeds: { policySeeds.map { Array($0.utf8) } },
        run: { bytes in
            guard let policy = read(String(decoding: bytes, as: UTF8.self)) else { return }
            for name in [nil, "web-1", "# \u{7f}\n- vm: x"] {
                let text = PolicyFile.text(of: policy) { _ in name }
                require(read(text) == policy, "it is read as another one: \(text)")
            }
            let calendar = PolicyCalendar(policy.windows)
            for cluster in policy.clusters.keys.sorted().prefix(2) {
                for milliseconds: Int64 in [0, 1_798_765_432_100, 1_806_000_000_000, 253_402_300_799_000] {
                    _ = calendar.objection(in: cluster, at: Timestamp(milliseconds: milliseconds))
                }
            }
        })

    private static func read(_ yaml: String) -> FleetPolicy? {
        try? PolicyFile.policy(in: yaml, file: "policy.yaml") { text in
            if let id = VirtualMachineID(text) { return .success(id) }
            guard (1...9).contains(text.utf8.count), let byte = text.utf8.first,
                let id = VirtualMachineID("00000000-0000-4000-8000-0000000000" + String(Int(byte) | 0x80, radix: 16))
            else { return .failure(PolicyProblem("there is no VM '\(text)'")) }
            return .success(id)
        }
    }

    private static let policySeeds = [
        """
        clusters: [{name: lab, reserve: 1, processor_over_commit: 4.0, memory_over_commit: 1.5,
          domains: [{name: "rack 1", hosts: [kvm1, kvm2]}]}]
        constraints:
          - {number: 1, kind: anti-affinity, vms: [a, b], reason: "one \\"must\\" survive"}
          - {number: 3, kind: spread, vms: [a, b, c]}
          - {number: 4, kind: pin, vms: [d], hosts: [kvm1]}
        vms: [{vm: a, priority: high, highly_available: true}]
        """,
        """
        automation: [{scope: fleet, level: automatic, threshold: critical}, {scope: "cluster:lab", level: advise}]
        windows:
          - {name: fair, kind: blackout, zone: Europe/Berlin, from: "08:00", to: "20:00", days: [mon, tue],
             dates: ["2026-12-20..2027-01-02"], clusters: [lab]}
          - {name: night, kind: maintenance, zone: UTC, from: "22:00", to: "04:30"}
        clusters: [{name: lab}]
        limits: {actions-per-hour: 10}
        """,
        "{}",
    ]
}
