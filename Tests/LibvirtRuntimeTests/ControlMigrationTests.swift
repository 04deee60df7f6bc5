import FleetModel
import Foundation
import Glibc
import HostRuntime
import Testing

@testable import LibvirtRuntime

@Suite("A migration through libvirt", .serialized, .timeLimit(.minutes(3))) struct ControlMigrationTests {
    private let slow = Bytes.mebibytes(4)

    @Test func movesAGuestThereAndBackAndLeavesNothingBehind() async throws {
        try await withPair { pair in
            let domain = try TestDomain("tiny", under: pair.root)
            try await pair.start(domain)
            let there = try MigrationDriver(try domain.definition, from: pair.source, to: pair.destination)
            guard case .succeeded(let figures?) = try await there.run() else { throw Unexpected("\(await there.log)") }
            #expect(figures.totalMilliseconds > 0 && figures.transferred > .zero)
            try pair.expectOnly(domain, on: 1)
            #expect(try await pair.destination.state(domain.id) == .running)
            // It is as it was defined there, not only for as long as it runs.
            #expect(try pair.hosts[1].virsh("dominfo", domain.name).contains("Persistent:     yes"))
            let quick = MigrationMethod(kind: .quick)
            let back = try MigrationDriver(
                try domain.definition, from: pair.destination, to: pair.source, method: quick)
            guard case .succeeded = try await back.run() else { throw Unexpected("\(await back.log)") }
            try pair.expectOnly(domain, on: 0)
        }
    }

    @Test func takesADiskAlongThatOnlyTheSourceSees() async throws {
        try await withPair { pair in
            let domain = try TestDomain("tiny", under: pair.root)
            var definition = try domain.definition
            // Each host has a file of its own there.
            definition.disks = [.init(path: "/var/lib/libvirt/own.img", format: .raw, cache: .none, isLocal: true)]
            let content = try Data(contentsOf: URL(fileURLWithPath: domain.disk))
            let files = pair.hosts.map { "\($0.folder)/var/lib/libvirt/own.img" }
            try content.write(to: URL(fileURLWithPath: files[0]))
            try Data(count: content.count).write(to: URL(fileURLWithPath: files[1]))
            let text = DomainDocument(definition, accelerator: .tcg, sharesAreWeights: true) { _ in false }.text
            try text.write(toFile: "\(pair.root)/own.xml", atomically: true, encoding: .utf8)
            try pair.hosts[0].virsh("define", "\(pair.root)/own.xml")
            #expect(await pair.source.perform(.launch(domain.id)) { _ in } == .done)
            try await eventually { try await pair.source.state(domain.id) == .running }
            let known = try #require(try await pair.source.virtualMachines().first?.definition)
            #expect(known.disks == definition.disks)
            let driver = try MigrationDriver(known, from: pair.source, to: pair.destination)
            guard case .succeeded = try await driver.run() else { throw Unexpected("\(await driver.log)") }
            try pair.expectOnly(domain, on: 1)
            #expect(FileManager.default.contents(atPath: files[1]) == content)
        }
    }

    @Test func goesOverToPostCopyWhereSendingAheadDoesNotConverge() async throws {
        try await withPair { pair in
            let domain = try TestDomain("busy", under: pair.root, isBusy: true)
            try await pair.start(domain)
            let driver = try MigrationDriver(
                try domain.definition, from: pair.source, to: pair.destination, bandwidthLimit: slow,
                downtimeLimitMilliseconds: 20, method: MigrationMethod(postCopy: true))
            guard case .succeeded(let figures?) = try await driver.run() else {
                throw Unexpected("\(await driver.log)")
            }
            #expect(figures.wasPostCopied == true && (figures.passes ?? 0) > 2, "\(figures)")
            try pair.expectOnly(domain, on: 1)
        }
    }

    @Test func isCalledOffOnTheWay() async throws {
        try await withPair { pair in
            let domain = try TestDomain("busy", under: pair.root, isBusy: true)
            try await pair.start(domain)
            let driver = try MigrationDriver(
                try domain.definition, from: pair.source, to: pair.destination, bandwidthLimit: slow,
                downtimeLimitMilliseconds: 20
            ) { try await $0.cancel("changed my mind") }
            let outcome = try await driver.run()
            let log = await driver.log
            #expect(outcome == .cancelled(reason: "changed my mind"), "\(log)")
            try pair.expectOnly(domain, on: 0)
        }
    }

    @Test func endsAtItsTimeLimitAndTheGuestGoesOn() async throws {
        try await withPair { pair in
            let domain = try TestDomain("busy", under: pair.root, isBusy: true)
            try await pair.start(domain)
            let driver = try MigrationDriver(
                try domain.definition, from: pair.source, to: pair.destination, bandwidthLimit: slow,
                downtimeLimitMilliseconds: 20, timeLimitSeconds: 3)
            guard case .failed(let reason, .source) = try await driver.run() else {
                throw Unexpected("\(await driver.log)")
            }
            #expect(reason.contains("time limit of 3 s") && !reason.contains("\n"))
            try pair.expectOnly(domain, on: 0)
        }
    }

    @Test func isJoinedByAnAgentThatWasStartedMeanwhile() async throws {
        try await withPair { pair in
            let domain = try TestDomain("busy", under: pair.root, isBusy: true)
            try await pair.start(domain)
            let answer = await pair.destination.perform(
                .prepareIncoming(
                    .init(
                        definition: try domain.definition, accelerator: .tcg, timeLimitSeconds: 60,
                        manager: VirtualMachineStatus.libvirt))
            ) { _ in }
            #expect(answer == .listening(address: pair.hosts[1].migrationURI))
            let order = OutgoingMigration(
                virtualMachine: domain.id, destination: pair.hosts[1].migrationURI, bandwidthLimit: slow,
                downtimeLimitMilliseconds: 20, timeLimitSeconds: 60)
            async let first = pair.source.perform(.send(order)) { _ in }
            try await eventually { try await pair.source.state(domain.id) == .outgoing }
            try await serving(pair.hosts[0].control) { second in
                async let joined = second.perform(.send(order)) { _ in }
                #expect(await second.perform(.cancelSend(domain.id)) { _ in } == .state(.running))
                guard case .failed = await joined else { throw Unexpected("\(await joined)") }
            }
            guard case .failed = await first else { throw Unexpected("\(await first)") }
            try pair.expectOnly(domain, on: 0)
            // One that comes to its end is seen to have come to it.
            var short = order
            (short.bandwidthLimit, short.downtimeLimitMilliseconds) = (Bytes.mebibytes(8), 5000)
            async let sent = pair.source.perform(.send(short)) { _ in }
            try await eventually { try await pair.source.state(domain.id) != .running }
            try await serving(pair.hosts[0].control) { [short] second in
                let joined = await second.perform(.send(short)) { _ in }
                guard case .sent = joined else { throw Unexpected("\(joined)") }
            }
            guard case .sent = await sent else { throw Unexpected("\(await sent)") }
            try pair.expectOnly(domain, on: 1)
        }
    }

    @Test func survivesTheEndOfTheDestinationsDaemon() async throws {
        try await withPair { pair in
            let domain = try TestDomain("busy", under: pair.root, isBusy: true)
            try await pair.start(domain)
            let driver = try MigrationDriver(
                try domain.definition, from: pair.source, to: pair.destination, bandwidthLimit: slow,
                downtimeLimitMilliseconds: 20, timeLimitSeconds: 20
            ) { _ in
                try pair.hosts[1].stop()
                try pair.hosts[1].start()
            }
            guard case .failed(_, .source) = try await driver.run() else { throw Unexpected("\(await driver.log)") }
            try pair.expectOnly(domain, on: 0)
        }
    }

    @Test func survivesACutInTheNetwork() async throws {
        try await withPair { pair in
            let domain = try TestDomain("busy", under: pair.root, isBusy: true)
            try await pair.start(domain)
            let driver = try MigrationDriver(
                try domain.definition, from: pair.source, to: pair.destination, bandwidthLimit: slow,
                downtimeLimitMilliseconds: 20, timeLimitSeconds: 20
            ) { _ in try pair.hosts[1].unplug() }
            guard case .failed(_, .source) = try await driver.run() else { throw Unexpected("\(await driver.log)") }
            try pair.expectOnly(domain, on: 0)
            try pair.hosts[1].plugIn()
            #expect(try await pair.source.state(domain.id) == .running)
        }
    }
}

@Suite("A migration through libvirt that breaks", .serialized, .timeLimit(.minutes(3))) struct BrokenMigrationTests {
    /// Moves a busy guest slowly, has `disturbance` happen on the way, and gives the outcome.
    private func outcome(
        _ pair: Pair, _ domain: TestDomain, method: MigrationMethod = MigrationMethod(),
        disturbance: @escaping @Sendable () async throws -> Void
    ) async throws -> (MigrationOutcome, [String]) {
        let driver = try MigrationDriver(
            try domain.definition, from: pair.source, to: pair.destination, bandwidthLimit: .mebibytes(4),
            downtimeLimitMilliseconds: 20, timeLimitSeconds: 20, method: method
        ) { _ in try await disturbance() }
        return (try await driver.run(), await driver.log)
    }

    @Test func survivesTheEndOfTheWaitingProcess() async throws {
        try await withPair { pair in
            let domain = try TestDomain("busy", under: pair.root, isBusy: true)
            try await pair.start(domain)
            let (outcome, log) = try await outcome(pair, domain) {
                kill(try #require(try pair.process(of: domain, on: 1)), SIGKILL)
            }
            guard case .failed(_, .source) = outcome else { throw Unexpected("\(log)") }
            try pair.expectOnly(domain, on: 0)
        }
    }

    @Test func endsWithAGuestThatEndsAndLeavesNothingThere() async throws {
        try await withPair { pair in
            let domain = try TestDomain("busy", under: pair.root, isBusy: true)
            try await pair.start(domain)
            let (outcome, log) = try await outcome(pair, domain) {
                kill(try #require(try pair.process(of: domain, on: 0)), SIGKILL)
            }
            // Down at the source, as its policy says, and not twice anywhere.
            guard case .failed(_, .source) = outcome else { throw Unexpected("\(log)") }
            #expect(try pair.placesRunning(domain.name).isEmpty)
            #expect(try !pair.isKnown(domain.name, on: pair.hosts[1]))
            #expect(await pair.source.perform(.launch(domain.id)) { _ in } == .done)
            try pair.expectOnly(domain, on: 0)
        }
    }

    @Test func survivesACrashOfTheSourcesDaemon() async throws {
        try await withPair { pair in
            let domain = try TestDomain("busy", under: pair.root, isBusy: true)
            try await pair.start(domain)
            let (outcome, log) = try await outcome(pair, domain) {
                try pair.hosts[0].crash()
                try pair.hosts[0].start()
            }
            guard case .failed(_, .source) = outcome else { throw Unexpected("\(log)") }
            try pair.expectOnly(domain, on: 0)
        }
    }

    @Test func aStreamThatBreaksInPostCopyIsTakenUpAgain() async throws {
        try await withPair { pair in
            let domain = try TestDomain("busy", under: pair.root, isBusy: true)
            try await pair.start(domain)
            let (outcome, log) = try await outcome(pair, domain, method: MigrationMethod(postCopy: true)) {
                try await eventually { try await pair.source.state(domain.id) == .trailing }
                // Before the guest runs there, QEMU ends at the destination in place of waiting for the rest.
                try await eventually { try await pair.destination.state(domain.id) == .fetching }
                try pair.hosts[0].virsh("domjobabort", "--postcopy", domain.name)
            }
            guard case .succeeded = outcome else { throw Unexpected("\(log)") }
            #expect(log.contains { $0.contains("takes the broken stream up again") }, "\(log)")
            try pair.expectOnly(domain, on: 1)
        }
    }

    @Test func aCutInPostCopyIsMended() async throws {
        try await withPair { pair in
            let domain = try TestDomain("busy", under: pair.root, isBusy: true)
            try await pair.start(domain)
            let (outcome, log) = try await outcome(pair, domain, method: MigrationMethod(postCopy: true)) {
                try await eventually { try await pair.source.state(domain.id) == .trailing }
                try pair.hosts[1].unplug()
                let look = { try pair.hosts[0].virsh("domstate", "--reason", domain.name) }
                try await eventually { try look().contains("post-copy failed") }
                try pair.hosts[1].plugIn()
            }
            guard case .succeeded = outcome else { throw Unexpected("\(log)") }
            try pair.expectOnly(domain, on: 1)
        }
    }
}

extension Pair {
    /// The process of a domain on a host, by libvirt's own file.
    func process(of domain: TestDomain, on place: Int) throws -> Int32? {
        Int32(try String(contentsOfFile: "\(hosts[place].folder)/run/libvirt/qemu/\(domain.name).pid", encoding: .utf8))
    }
}
