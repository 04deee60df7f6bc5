import FleetModel

/// Asks the providers what there is to know of VMs beyond their state, a moment before it is wanted, so that nobody who
/// samples ever waits for a monitor or a daemon.
final class StatisticsDesk: Sendable {
    /// What the providers said last.
    struct Answer: Sendable {
        var statistics: [VirtualMachineStatistics]
        var problem: String?
        var duration: Duration
    }

    private let providers: Providers
    private let answer = Locked<Answer?>(nil)
    private let requests: AsyncStream<Void>
    private let request: AsyncStream<Void>.Continuation

    init(_ providers: Providers) {
        self.providers = providers
        (requests, request) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Answers requests until the task is cancelled, one at a time.
    func run() async {
        for await _ in requests {
            let begin = ContinuousClock.now
            let (statistics, problem) = await providers.allStatistics()
            let new = Answer(statistics: statistics, problem: problem, duration: ContinuousClock.now - begin)
            answer.withLock { $0 = new }
        }
    }

    /// Wants an answer soon.
    func prepare() { request.yield() }

    /// What came since the last call; `nil` where nothing did: what is older is not said of the present.
    func take() -> Answer? {
        answer.withLock { answer in
            defer { answer = nil }
            return answer
        }
    }
}
