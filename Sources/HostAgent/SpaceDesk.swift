import FleetModel
import Glibc

/// Asks file systems how much room they have, each on a thread of its own: one whose server is gone holds its thread for
/// as long as it likes, and nothing else. It is not asked again before it has answered.
final class SpaceDesk: Sendable {
    private struct State {
        var known: [String: StorageSpace] = [:]
        var asked: Set<String> = []
    }

    private let look: @Sendable (String) -> StorageSpace?
    private let state = Locked(State())

    init(_ look: @escaping @Sendable (String) -> StorageSpace?) {
        self.look = look
    }

    /// Asks for the space at these paths and waits for all answers, or until `patience` ends. What has not answered by
    /// then is unknown until it does.
    func ask(_ paths: [String], patience: @escaping @Sendable () async -> Void) async {
        let new = state.withLock { state in
            state.known = [:]
            let new = Set(paths).subtracting(state.asked)
            state.asked.formUnion(new)
            return new
        }
        if new.isEmpty { return }
        let (answers, answer) = AsyncStream.makeStream(of: Void.self)
        for path in new {
            let isBegun = BlockingThread.start { [self] in
                take(look(path), at: path)
                answer.yield()
            }
            if isBegun { continue }
            take(nil, at: path)
            answer.yield()
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                var left = new.count
                for await _ in answers {
                    left -= 1
                    if left == 0 { return }
                }
            }
            group.addTask { await patience() }
            await group.next()
            group.cancelAll()
        }
    }

    /// The space at a path; `nil` where it is unknown.
    func answer(_ path: String) -> StorageSpace? { state.withLock { $0.known[path] } }

    private func take(_ space: StorageSpace?, at path: String) {
        state.withLock { state in
            state.asked.remove(path)
            state.known[path] = space
        }
    }

    /// What the kernel says (statvfs(3)); `nil` where it does not.
    static func space(at path: String) -> StorageSpace? {
        var figures = statvfs()
        guard unsafe statvfs(path, &figures) == 0 else { return nil }
        let block = Double(figures.f_frsize)
        return StorageSpace(
            total: Bytes(nearest: Double(figures.f_blocks) * block),
            available: Bytes(nearest: Double(figures.f_bavail) * block))
    }
}
