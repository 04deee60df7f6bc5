import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// Handles each connection on the event loop that reads and writes it: a request then crosses no threads on its way to
/// the store and back, where each crossing costs as much as reading a request does. Long work has threads of its own
/// (the query engine, the store's log).
struct EventLoopChannel<Base: ServerChildChannel>: ServerChildChannel {
    let base: Base

    init(_ base: Base) { self.base = base }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Base.Value> {
        base.setup(channel: channel, logger: logger).flatMapThrowing { value in
            try channel.pipeline.syncOperations.addHandler(ConnectionWatch(), position: .first)
            return value
        }
    }

    func handle(value: Base.Value, logger: Logger) async {
        await withTaskExecutorPreference(EventLoopExecutor(value.channel.eventLoop)) {
            let watch = try? value.channel.pipeline.syncOperations.handler(type: ConnectionWatch.self)
            await ConnectionWatch.$current.withValue(watch) {
                await base.handle(value: value, logger: logger)
            }
        }
    }
}

/// Runs tasks on an event loop.
private final class EventLoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// Answers everything but samples away from the event loop: listing a large fleet's series, or writing an answer of many
/// samples as text, takes long enough that other connections of the loop would wait.
struct AwayFromTheLoop: RouterMiddleware {
    /// The path of samples, which are short work and many.
    static let exception = "/api/v1/write"

    func handle(
        _ request: Request, context: FleetRequestContext,
        next: (Request, FleetRequestContext) async throws -> Response
    ) async throws -> Response {
        if request.uri.path == Self.exception { return try await next(request, context) }
        return try await withTaskExecutorPreference(globalConcurrentExecutor) { try await next(request, context) }
    }
}
