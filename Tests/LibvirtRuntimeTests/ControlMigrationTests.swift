import FleetModel
import Foundation
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
                .prepareIncoming(.init(definition: try domain.definition, accelerator: .tcg, timeLimitSeconds: 60))
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
