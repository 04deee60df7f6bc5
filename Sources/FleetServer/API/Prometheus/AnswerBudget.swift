import CLinux
import Dispatch
import FleetModel
import HTTPTypes

/// Bounds what answers that are being read hold in memory: a slow reader keeps a large one for as long as it likes.
final class AnswerBudget: Sendable {
    /// Smaller answers are not counted.
    private static let smallAnswer = 65_536

    private let limit: Int
    private let held = Locked(0)

    /// A budget of so many samples, 16 bytes each.
    init(limit: Int) { self.limit = limit }

    /// What an answer takes out of the budget until nobody holds it any more.
    final class Share: Sendable {
        private let budget: AnswerBudget
        private let samples: Int

        fileprivate init(_ budget: AnswerBudget, _ samples: Int) { (self.budget, self.samples) = (budget, samples) }

        deinit {
            budget.held.withLock { $0 -= samples }
            // The allocator keeps what thousands of small columns took; the system gets it back.
            DispatchQueue.global(qos: .utility).async { linux_malloc_trim() }
        }
    }

    /// A share for an answer; `nil` where it is small. Throws where others hold too much for it.
    func share(for answer: QueryAnswer) throws -> Share? {
        let samples =
            switch answer.value {
            case .scalar, .string: 1
            case .vector(let elements): elements.count
            case .matrix(let series): series.reduce(0) { $0 + $1.samples.count }
            }
        guard samples > Self.smallAnswer else { return nil }
        let fits = held.withLock { held in
            guard held == 0 || held + samples <= limit else { return false }
            held += samples
            return true
        }
        guard fits else {
            throw APIError(
                .serviceUnavailable,
                "others still read answers of so many samples that this one of \(samples) has no room; try again")
        }
        return Share(self, samples)
    }
}
