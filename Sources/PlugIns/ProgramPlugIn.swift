import CLinux
import FleetModel
import Glibc
import Synchronization

/// Runs executables of a pack, as the server's own user: without a shell, in a session of their own, with the request on
/// standard input, nothing of the server's environment and none of its descriptors, for a bounded time.
public struct ProgramPlugIn: PlugInRunner {
    /// Bounds of a run.
    public struct Limits: Hashable, Sendable {
        /// The most bytes that it may print.
        public var output = 1 << 20
        /// The most processes that may come of it.
        public var processes = 64
        /// From being asked to end (SIGTERM) to being killed.
        public var grace: Duration = .seconds(5)
        /// From one look at its processes to the next.
        public var look: Duration = .milliseconds(200)

        /// The defaults.
        public init() {}
    }

    /// A clock that only goes forward.
    public typealias Clock = @Sendable () -> ContinuousClock.Instant

    private let folder: String
    private let limits: Limits
    private let keeper: Keeper
    private let clock: Clock

    /// Who keeps what comes of programs.
    public struct Keeper: Hashable, Sendable {
        /// The executable that becomes a guard (`ProgramGuard`); `nil` for none: what takes its mark off and loses its
        /// parents at once is not found then, and nothing ends with the server.
        public var executable: String?
        /// What all programs of one server are marked with, letters and digits: what it leaves is found by that.
        public var owner: String

        /// A keeper.
        public init(executable: String? = nil, owner: String = "") {
            self.executable = executable
            self.owner = owner
        }

        /// Ends what programs of an earlier run of the server have left; returns how many processes that were.
        public func endLeftovers() -> Int {
            var family = ProcessFamily(leftBy: owner)
            let count = owner.isEmpty ? 0 : family.living().count
            if count > 0 { _ = family.kill() }
            return count
        }
    }

    /// Runs programs of the pack in `folder`. What a request may take is told by `clock`.
    public init(
        folder: String, limits: Limits = Limits(), keeper: Keeper = Keeper(), clock: @escaping Clock = { .now }
    ) {
        self.folder = folder
        self.limits = limits
        self.keeper = keeper
        self.clock = clock
    }

    /// Why `command` would not be started; `nil` where it would.
    public func objection(to command: String) -> String? {
        do throws(ProgramProblem) {
            _ = try ProgramFile.path(of: command, in: folder)
            return nil
        } catch {
            return error.description
        }
    }

    /// Runs a program to its end, on a thread of its own.
    public func run(
        _ request: PlugInRequest, progress: @escaping @Sendable (PlugInProgress) -> Void
    ) async -> PlugInResult {
        guard case .program(let command) = request.call.means else { return .failed("that is no program") }
        let path: String
        do throws(ProgramProblem) {
            path = try ProgramFile.path(of: command, in: folder)
        } catch {
            return .failed("it was not started: \(error)")
        }
        let run = ProgramRun(
            path: path, folder: folder, request: request, limits: limits, keeper: keeper, clock: clock,
            progress: progress)
        return await withTaskCancellationHandler {
            await BlockingThread.result { run.run() } ?? .failed("it was not started: no thread is to be had")
        } onCancel: {
            run.cancel()
        }
    }
}

/// One run of a program.
private final class ProgramRun: Sendable {
    private let path: String
    private let folder: String
    private let request: PlugInRequest
    private let limits: ProgramPlugIn.Limits
    private let keeper: ProgramPlugIn.Keeper
    private let clock: ProgramPlugIn.Clock
    private let progress: @Sendable (PlugInProgress) -> Void
    private let isCancelled = Atomic(false)

    init(
        path: String, folder: String, request: PlugInRequest, limits: ProgramPlugIn.Limits,
        keeper: ProgramPlugIn.Keeper, clock: @escaping ProgramPlugIn.Clock,
        progress: @escaping @Sendable (PlugInProgress) -> Void
    ) {
        self.path = path
        self.folder = folder
        self.request = request
        self.limits = limits
        self.keeper = keeper
        self.clock = clock
        self.progress = progress
    }

    func cancel() { isCancelled.store(true, ordering: .relaxed) }

    func run() -> PlugInResult {
        // Writing to a program that has closed its input gives an error then, and not a signal to the server.
        var pipe = sigset_t()
        unsafe sigemptyset(&pipe)
        unsafe sigaddset(&pipe, SIGPIPE)
        unsafe pthread_sigmask(SIG_BLOCK, &pipe, nil)
        var generator = SystemRandomNumberGenerator()
        let random = String(generator.next(), radix: 16) + String(generator.next(), radix: 16)
        let token = keeper.owner + "." + random
        let started: ProgramProcess
        do throws(ProgramProblem) {
            started = try ProgramProcess(path: path, folder: folder, token: token, guardian: keeper.executable)
        } catch {
            return .failed("it was not started: \(error)")
        }
        var watch = ProgramWatch(
            started, token: token, input: request.json, limits: limits, clock: clock,
            deadline: clock() + .milliseconds(Int64(min(request.call.timeLimitSeconds, 86_400) * 1000)))
        return watch.untilTheEnd(isCancelled: { isCancelled.load(ordering: .relaxed) }, progress)
    }
}
