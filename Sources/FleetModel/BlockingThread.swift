import Glibc

/// Threads for work that waits in system calls or in C libraries: the few of the concurrency runtime are for what does
/// not wait.
public enum BlockingThread {
    /// What `body` gives on a thread of its own; `nil`, and `body` does not run, where no thread is to be had.
    public static func result<Result: Sendable>(of body: @escaping @Sendable () -> Result) async -> Result? {
        await withCheckedContinuation { continuation in
            if !start({ continuation.resume(returning: body()) }) { continuation.resume(returning: nil) }
        }
    }

    /// Runs `body` on a thread of its own. Returns whether one was to be had; `body` does not run otherwise.
    public static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
        var thread = pthread_t()
        let work = unsafe Unmanaged.passRetained(Work(body: body)).toOpaque()
        let status = unsafe pthread_create(
            &thread, nil,
            { work in
                guard let work = unsafe work else { return nil }
                unsafe Unmanaged<Work>.fromOpaque(work).takeRetainedValue().body()
                return nil
            }, work)
        if status == 0 {
            pthread_detach(thread)
        } else {
            unsafe Unmanaged<Work>.fromOpaque(work).release()
        }
        return status == 0
    }

    private final class Work: Sendable {
        let body: @Sendable () -> Void

        init(body: @escaping @Sendable () -> Void) { self.body = body }
    }
}
