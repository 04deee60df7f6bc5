#if EVENKEEL_THREAD_SANITIZER
    import Glibc
#else
    import Synchronization
#endif

/// Small hot state behind a mutex. Hold it for a few lines, never across an `await` or I/O.
///
/// Built with `EVENKEEL_THREAD_SANITIZER` it is a pthread mutex, which ThreadSanitizer understands (it reports false
/// races on `Synchronization.Mutex`).
public final class Locked<State: ~Copyable & Sendable>: Sendable {
    #if EVENKEEL_THREAD_SANITIZER
        // SAFETY: both are touched only between pthread_mutex_lock and pthread_mutex_unlock, and the mutex itself is
        // heap-allocated, initialised before and destroyed after every use.
        private nonisolated(unsafe) var state: State
        private nonisolated(unsafe) let mutex: UnsafeMutablePointer<pthread_mutex_t>

        /// Guards `state`.
        public init(_ state: consuming sending State) {
            unsafe self.state = state
            unsafe mutex = .allocate(capacity: 1)
            unsafe pthread_mutex_init(mutex, nil)
        }

        deinit {
            unsafe pthread_mutex_destroy(mutex)
            unsafe mutex.deallocate()
        }

        /// Runs `body` while nobody else can see the state.
        public func withLock<Result, Failure: Error>(
            _ body: (inout State) throws(Failure) -> Result
        ) throws(Failure) -> Result {
            unsafe pthread_mutex_lock(mutex)
            defer { unsafe pthread_mutex_unlock(mutex) }
            return unsafe try body(&state)
        }
    #else
        private let mutex: Mutex<State>

        /// Guards `state`.
        public init(_ state: consuming sending State) {
            mutex = Mutex(state)
        }

        /// Runs `body` while nobody else can see the state.
        public func withLock<Result: ~Copyable & Sendable, Failure: Error>(
            _ body: (inout State) throws(Failure) -> Result
        ) throws(Failure) -> Result {
            try mutex.withLock { state throws(Failure) in try body(&state) }
        }
    #endif
}
