import FleetModel
import Foundation
import Testing

@testable import LibvirtRuntime

@Suite("A guest between two hosts of libvirt", .serialized, .timeLimit(.minutes(3))) struct MigrationTests {
    @Test func isNeverOwnedByBothAndIsOwnedByTheOtherInTheEnd() async throws {
        try await withHosts(2) { hosts, root in
            let domain = try TestDomain("tiny", under: root)
            try hosts[0].create(domain)
            let slowly = ["--bandwidth", "1", "--postcopy-bandwidth", "1"]
            try await move(domain, from: hosts[0], to: hosts[1], how: ["--live", "--bandwidth", "1"])
            try await move(domain, from: hosts[1], to: hosts[0], how: ["--live", "--postcopy"] + slowly + after)
            try await move(domain, from: hosts[0], to: hosts[1], how: [])
        }
    }

    private let after = ["--postcopy-after-precopy"]

    private func move(
        _ domain: TestDomain, from first: LibvirtHost, to second: LibvirtHost, how: [String]
    ) async throws {
        try await serving(first.configuration) { source in
            try await serving(second.configuration) { destination in
                #expect(try await source.state(domain.id) == .running)
                #expect(try await destination.state(domain.id) == nil)
                let words = ["-q", "-c", first.uri, "migrate", "--p2p", "--unsafe", domain.name, second.migrationURI]
                let seen = try await watch(domain.id, source, destination) { try run("virsh", words + how) }
                #expect(!seen.contains { $0.source?.ownsGuest == true && $0.destination?.ownsGuest == true })
                #expect(seen.contains { $0.destination == .incoming })
                #expect(how.isEmpty || seen.contains { $0.source == .outgoing })
                try await eventually { try await source.state(domain.id) == nil }
                #expect(try await destination.state(domain.id) == .running)
                #expect(try await destination.statistics().map(\.id) == [domain.id])
                #expect(try await source.statistics().isEmpty)
            }
        }
    }

    private struct Sight: Hashable {
        var source: VirtualMachineState?
        var destination: VirtualMachineState?
    }

    /// What both sides say while `body` runs. The destination is asked first: a guest that it owns can no longer be the
    /// source's afterwards.
    private func watch(
        _ id: VirtualMachineID, _ source: LibvirtRuntime, _ destination: LibvirtRuntime,
        _ body: @escaping @Sendable () throws -> String
    ) async throws -> [Sight] {
        let isOver = Locked(false)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { isOver.withLock { $0 = true } }
                _ = try body()
            }
            var seen: [Sight] = []
            while !isOver.withLock({ $0 }) {
                let there = try await destination.state(id)
                let sight = Sight(source: try await source.state(id), destination: there)
                if seen.last != sight { seen.append(sight) }
                try await Task.sleep(for: .milliseconds(2))
            }
            try await group.waitForAll()
            return seen
        }
    }
}
