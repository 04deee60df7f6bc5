import FleetModel

@testable import HostRuntime

/// Carries out what a migration machine asks for on two hosts of a test, as the server's executor does on real ones.
/// `during` is called whenever the source says how far sending has come.
actor MigrationDriver {
    private var machine: MigrationMachine
    private let source: TestHost
    private let destination: TestHost
    private let during: @Sendable (MigrationDriver) async throws -> Void
    private(set) var log: [String] = []
    private var hasBeenDisturbed = false

    init(
        _ definition: VirtualMachineDefinition, from source: TestHost, to destination: TestHost,
        accelerator: Accelerator = .tcg, bandwidthLimit: Bytes? = nil, timeLimitSeconds: Int = 60,
        method: MigrationMethod = MigrationMethod(), diskSizes: [Int: Bytes]? = nil,
        during: @escaping @Sendable (MigrationDriver) async throws -> Void = { _ in }
    ) {
        var request = MigrationRequest(
            definition: definition, accelerator: accelerator, source: source.name, destination: destination.name,
            bandwidthLimit: bandwidthLimit, timeLimitSeconds: timeLimitSeconds, method: method)
        request.diskSizes = diskSizes
        machine = MigrationMachine(request)
        self.source = source
        self.destination = destination
        self.during = during
    }

    func run() async throws -> MigrationOutcome {
        try await withThrowingTaskGroup(of: Void.self) { group in
            let begin = machine.receive(.begin)
            group.addTask { try await self.carryOut(begin) }
            try await group.waitForAll()
        }
        guard let outcome = machine.outcome else { throw Unexpected("no outcome: \(log)") }
        return outcome
    }

    func cancel(_ reason: String) async throws {
        try await carryOut(machine.receive(.cancel(reason: reason)))
    }

    private func carryOut(_ actions: [MigrationMachine.Action]) async throws {
        for action in actions {
            switch action {
            case .log(let line): log.append(line)
            case .finish(let outcome): log.append("finish: \(outcome)")
            case .ask(let side, let task):
                let answer = try await ask(side, task)
                log.append("\(side) \(task.word): \(answer)")
                try await carryOut(machine.receive(.answered(side, task, answer)))
            }
        }
    }

    /// The first word of how far sending has come lets the test interfere, beside the task that goes on.
    private func ask(_ side: MigrationMachine.Side, _ task: HostTask) async throws -> HostTaskAnswer {
        let host = side == .source ? source : destination
        let (moments, continuation) = AsyncStream.makeStream(of: MigrationProgress.self)
        return try await withThrowingTaskGroup(of: HostTaskAnswer?.self) { group in
            group.addTask {
                defer { continuation.finish() }
                return await host.runtime.perform(task) { continuation.yield($0) }
            }
            group.addTask {
                for await moment in moments where moment.transferred > .zero { try await self.disturb() }
                return nil
            }
            var answer: HostTaskAnswer?
            while let next = try await group.next() { answer = next ?? answer }
            return answer ?? .failed("no answer")
        }
    }

    private func disturb() async throws {
        if hasBeenDisturbed { return }
        hasBeenDisturbed = true
        try await during(self)
    }
}

extension HostTask {
    fileprivate var word: String { String("\(self)".prefix { $0 != "(" }) }
}
