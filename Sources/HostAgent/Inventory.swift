import FleetModel

/// Asks the provider for its VMs, one inquiry at a time, and never lets a provider that hangs hold anybody up.
final class Inventory: Sendable {
    /// The VMs, as far as known.
    struct Reading: Sendable {
        var machines: [VirtualMachineStatus]
        /// Why they are not known for sure; `nil` when the provider has just said so.
        var problem: String?
        /// How long the provider took; `nil` when it has not answered.
        var duration: Duration?
        /// Whether nothing may be reported of the VMs: they are not known for sure, and not marked so either.
        var isDoubtful = false

        /// Adds the reading of one provider of several.
        mutating func take(_ other: Reading, of name: String) {
            if let more = other.problem {
                let named = name.isEmpty ? more : "\(name): \(more)"
                problem = problem.map { "\($0); \(named)" } ?? named
            }
            if let more = other.duration { duration = max(duration ?? .zero, more) }
            isDoubtful = isDoubtful || other.isDoubtful
        }
    }

    /// After so many readings in a row without an answer nobody can say any more how the VMs are.
    private static let trustedReadings = 3

    private struct State {
        var machines: [VirtualMachineStatus] = []
        var waiters: [AsyncStream<Reading>.Continuation] = []
        var missed = 0
    }

    private let provider: any VirtualMachineProvider
    private let clock: any Clock
    private let state = Locked(State())
    private let requests: AsyncStream<Void>
    private let request: AsyncStream<Void>.Continuation

    init(_ provider: any VirtualMachineProvider, clock: any Clock) {
        self.provider = provider
        self.clock = clock
        (requests, request) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Answers inquiries until the task is cancelled.
    func run() async {
        for await _ in requests {
            // Whoever asks from here on wants an answer that is younger than this inquiry.
            let waiters = state.withLock { state in
                defer { state.waiters = [] }
                return state.waiters
            }
            let reading = await ask()
            for waiter in waiters {
                waiter.yield(reading)
                waiter.finish()
            }
        }
    }

    /// The VMs as the provider knows them now, or after `limit` what was known before, with a problem.
    func reading(within limit: Duration) async -> Reading {
        let (answers, waiter) = AsyncStream.makeStream(of: Reading.self)
        state.withLock { $0.waiters.append(waiter) }
        request.yield()
        let clock = clock
        let answer = await withTaskGroup(of: Reading?.self) { group in
            group.addTask {
                for await answer in answers { return answer }
                return nil
            }
            group.addTask {
                try? await clock.sleep(for: limit)  // cancelled when the answer came first
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
        return answer ?? missed("it did not answer within \(limit)")
    }

    private func ask() async -> Reading {
        let begin = ContinuousClock.now
        do {
            let machines = try await provider.virtualMachines()
            state.withLock { state in
                state.machines = machines
                state.missed = 0
            }
            return Reading(machines: machines, problem: nil, duration: ContinuousClock.now - begin)
        } catch {
            return missed("\(error)")
        }
    }

    /// What was known before. A VM keeps its state for a few readings, then it is unknown.
    private func missed(_ problem: String) -> Reading {
        state.withLock { state in
            state.missed += 1
            guard state.missed > Self.trustedReadings else {
                return Reading(machines: state.machines, problem: problem, isDoubtful: true)
            }
            let unknown = state.machines.map { machine in
                var machine = machine
                machine.state = .unknown
                return machine
            }
            return Reading(machines: unknown, problem: problem)
        }
    }
}
