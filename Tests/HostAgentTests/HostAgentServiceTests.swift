import Delivery
import Counters
import FleetModel
import Foundation
import HTTPClient
import Logging
import ServiceLifecycle
import Testing

@testable import HostAgent

@Suite("The agent as a service")
struct HostAgentServiceTests {
    private struct Site {
        let folder = TemporaryFolder()
        let server = StandInServer()
        let provider = StandInProvider()

        func configuration() throws -> AgentConfiguration {
            let token = folder.path + "/token"
            try Data("s3cret\n".utf8).write(to: URL(fileURLWithPath: token))
            return AgentConfiguration(
                host: try #require(HostName("kvm1")), cluster: try #require(ClusterName("c")), tokenFile: token,
                dataFolder: folder.path + "/data", interval: .milliseconds(100))
        }

        /// Runs an agent until `condition` holds, then ends it gracefully; says how long the end took.
        @discardableResult
        func run(until condition: @escaping @Sendable () -> Bool) async throws -> Duration {
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            let server = server
            let service = try HostAgentService(
                configuration: configuration(), providers: [NamedProvider("runtime", provider)], accelerator: .tcg,
                version: "1",
                clock: WallClock(), generator: SeededGenerator(seed: 1), logger: logger,
                send: { request async throws(HTTPClientError) in try await server.send(request) })
            let group = ServiceGroup(configuration: .init(services: [.init(service: service)], logger: logger))
            return try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                let deadline = ContinuousClock.now + .seconds(60)
                while !condition() {
                    try #require(ContinuousClock.now < deadline, "it never happened")
                    try await Task.sleep(for: .milliseconds(10))
                }
                let end = ContinuousClock.now
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
                return ContinuousClock.now - end
            }
        }
    }

    private static func definition(_ number: Int = 1) throws -> VirtualMachineDefinition {
        VirtualMachineDefinition(
            id: try #require(VirtualMachineID("00000000-0000-4000-8000-00000000000\(number)")),
            name: try #require(Name("web-\(number)")), virtualProcessors: 1, memory: .mebibytes(64))
    }

    private static func command(_ number: Int64, _ task: HostTask) throws -> AgentCommand {
        AgentCommand(
            number: number, host: try #require(HostName("kvm1")), operation: 1, task: task,
            issued: Timestamp(milliseconds: 0))
    }

    @Test func `samples and reports arrive with the token, and the end waits for nothing`() async throws {
        let site = Site()
        let server = site.server
        let end = try await site.run { server.seen.batches.count >= 3 && server.seen.reports.count >= 3 }
        let batch = try #require(server.seen.batches.last)
        let success = #"evenkeel_agent_reader_success{cluster="c", host="kvm1", reader="processors"}"#
        #expect(batch[success] == 1)
        #expect((batch[#"evenkeel_host_memory_bytes{cluster="c", host="kvm1"}"#] ?? 0) > 0)
        let report = try #require(server.seen.reports.last)
        #expect(report.host.text == "kvm1")
        #expect(report.accelerator == .tcg)
        #expect(report.logicalProcessors == ProcessInfo.processInfo.activeProcessorCount)
        #expect(server.seen.authorizations == ["Bearer s3cret"])
        #expect(end < .seconds(20), "\(end)")
    }

    @Test func `what was sampled while the server was away arrives later, once, in order, after a restart too`()
        async throws
    {
        let site = Site()
        let server = site.server
        server.change { $0.isDown = true }
        let spool = site.folder.path + "/data/spool/" + Spool.segmentName(1)
        // Whole batches count: one that is being written can be seen in part.
        try await site.run {
            let content = (try? Data(contentsOf: URL(fileURLWithPath: spool))) ?? Data()
            return RecordFrame.scan(Array(content)).payloads.count >= 5
        }
        #expect(server.seen.batches.isEmpty)
        server.change { $0.isDown = false }
        // The very first says 0, too: nothing waited before it.
        try await site.run {
            let batches = server.seen.batches
            return batches.count > 5 && batches.last?[#"evenkeel_agent_spool_batches{cluster="c", host="kvm1"}"#] == 0
        }
        let waiting = server.seen.batches.compactMap { $0[#"evenkeel_agent_spool_batches{cluster="c", host="kvm1"}"#] }
        #expect(waiting.count == server.seen.batches.count)
        // Each batch says how many waited before it: 0, 1, 2, ... until the server was back.
        let first = Array(waiting.prefix { $0 == Double(waiting.firstIndex(of: $0) ?? -1) })
        #expect(first.count >= 5, "\(waiting)")
    }

    @Test func `a batch refused for good is set aside and the rest goes on`() async throws {
        let site = Site()
        let server = site.server
        server.change { $0.writeStatuses = [200, 400, 503, 200] }
        try await site.run { server.seen.batches.count >= 4 }
        let names = try FileManager.default.contentsOfDirectory(atPath: site.folder.path + "/data/spool")
        #expect(names.filter { $0.hasPrefix("refused-") } == [Spool.refusedName(2)])
        let refused = #"evenkeel_agent_spool_refused_total{cluster="c", host="kvm1"}"#
        #expect(server.seen.batches.last?[refused] == 1)
    }

    @Test func `a token of another host says nothing of samples, which wait until it fits`() async throws {
        let site = Site()
        let status = Locked(403)
        let link = try ServerLink(site.configuration()) { request async throws(HTTPClientError) in
            HTTPResponse(url: request.url, status: status.withLock { $0 })
        }
        let report = HostReport(
            host: try #require(HostName("kvm1")), cluster: try #require(ClusterName("c")),
            time: Timestamp(milliseconds: 1), agentVersion: "1", agentRun: "r", logicalProcessors: 1,
            memory: .gibibytes(1), memoryAvailable: nil, accelerator: .tcg, migrationAddress: nil, virtualMachines: [])
        #expect(!link.isForbidden)
        await #expect(throws: HTTPClientError.self) { try await link.report(report, clock: WallClock()) }
        #expect(link.isForbidden)
        status.withLock { $0 = 200 }
        _ = try await link.report(report, clock: WallClock())
        #expect(!link.isForbidden)
    }

    @Test func `a command is done, answered and reported at once`() async throws {
        let site = Site()
        let server = site.server
        server.give(try Self.command(1, .start(Self.definition())))
        try await site.run { server.seen.reports.last?.virtualMachines.count == 1 && server.seen.answers[1] != nil }
        #expect(server.seen.answers[1] == [.done])
        #expect(site.provider.seen.performed.count == 1)
    }

    @Test func `a migration is called off while it runs, and its progress is told`() async throws {
        let site = Site()
        let server = site.server
        let provider = site.provider
        let id = try Self.definition().id
        let outgoing = OutgoingMigration(virtualMachine: id, destination: "tcp:127.0.0.1:1", timeLimitSeconds: 60)
        server.give(try Self.command(1, .send(outgoing)))
        let cancel = try Self.command(2, .cancelSend(id))
        try await site.run {
            if provider.seen.isSending, server.seen.progress[1] ?? 0 > 0, server.seen.commands.count == 1 {
                server.give(cancel)
            }
            return server.seen.answers.count == 2
        }
        #expect(server.seen.answers[1] == [.failed("cancelled")])
        #expect(server.seen.answers[2] == [.state(.running)])
    }

    @Test func `a command under way when the agent ends is taken up by its next run`() async throws {
        let site = Site()
        let server = site.server
        let provider = site.provider
        let id = try Self.definition().id
        let outgoing = OutgoingMigration(virtualMachine: id, destination: "tcp:127.0.0.1:1", timeLimitSeconds: 60)
        server.give(try Self.command(1, .send(outgoing)))
        let end = try await site.run { provider.seen.isSending }
        #expect(end < .seconds(20), "\(end)")
        #expect(server.seen.answers.isEmpty, "an interrupted step has no answer")
        provider.change { $0.isSending = false }
        try await site.run {
            provider.change { $0.isSending = false }
            return server.seen.answers[1] != nil
        }
        #expect(provider.seen.performed == [.send(outgoing), .send(outgoing)])
    }

    @Test func `an answer that was lost on its way is sent again, the same`() async throws {
        let site = Site()
        let server = site.server
        server.change { $0.lostAnswers = 2 }
        server.give(try Self.command(1, .start(Self.definition())))
        try await site.run { server.seen.answers[1]?.count == 3 }
        #expect(server.seen.answers[1] == [.done, .done, .done])
        #expect(site.provider.seen.performed.count == 1)
    }

    @Test func `a provider that hangs stops neither samples nor the end, and the host falls silent`() async throws {
        let site = Site()
        let server = site.server
        site.provider.change { $0.isHanging = true }
        let end = try await site.run { server.seen.batches.count >= 3 }
        let success = #"evenkeel_agent_reader_success{cluster="c", host="kvm1", reader="provider"}"#
        #expect(server.seen.batches.allSatisfy { $0[success] == 0 })
        #expect(server.seen.reports.isEmpty)
        #expect(end < .seconds(20), "\(end)")
    }

    @Test func `a report that waits for the server is dropped when the VMs are no longer known, or when it is old`()
        async throws
    {
        let site = Site()
        let clock = SteppedClock()
        let server = site.server
        let reporter = HostReporter(
            HostReporter.Identity(
                host: try #require(HostName("kvm1")), cluster: try #require(ClusterName("c")), version: "1", run: "r",
                accelerator: .tcg),
            link: try ServerLink(site.configuration()) { request async throws(HTTPClientError) in
                try await server.send(request)
            }, interval: .seconds(10),
            patience: Patience(clock: clock, backoff: Backoff(), generator: SeededGenerator(seed: 1)),
            logger: Logger(label: "test"))
        var sample = HostSample()
        sample.logicalProcessors = 1
        sample.memory = .gibibytes(1)
        await reporter.note(sample)
        let good = Inventory.Reading(machines: [])
        await reporter.report(good, time: clock.now)
        await reporter.report(Inventory.Reading(machines: [], problem: "it hangs", isDoubtful: true), time: clock.now)
        #expect(await reporter.timely() == nil)
        await reporter.report(good, time: clock.now)
        clock.step(.seconds(30))
        #expect(await reporter.timely() != nil)
        clock.step(.milliseconds(1))
        #expect(await reporter.timely() == nil)
    }

    @Test func `two agents cannot use one folder`() throws {
        let site = Site()
        let configuration = try site.configuration()
        func make() throws(AgentError) -> HostAgentService {
            try HostAgentService(
                configuration: configuration, providers: [NamedProvider("runtime", site.provider)],
                accelerator: .tcg, version: "1", logger: Logger(label: "test"))
        }
        let first = try make()
        defer { _ = first }
        let problem = #expect(throws: AgentError.self) { try make() }
        #expect(problem?.description.contains("another agent uses this folder") == true)
    }

    @Test func `a token file that is missing is named`() throws {
        let site = Site()
        var configuration = try site.configuration()
        configuration.tokenFile = "/nowhere/token"
        let problem = #expect(throws: AgentError.self) {
            try HostAgentService(
                configuration: configuration, providers: [NamedProvider("runtime", site.provider)],
                accelerator: .tcg, version: "1", logger: Logger(label: "test"))
        }
        #expect(problem?.description.hasPrefix("/nowhere/token: no token can be read") == true)
    }
}

/// A clock that a test moves on.
private final class SteppedClock: FleetModel.Clock {
    private let moment = Locked(Timestamp(milliseconds: 1_700_000_000_000))

    var now: Timestamp { moment.withLock { $0 } }

    func step(_ span: Duration) { moment.withLock { $0 = $0 + span } }

    func sleep(until moment: Timestamp) async throws {}
}
