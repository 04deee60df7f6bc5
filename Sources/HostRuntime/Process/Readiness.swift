import Dispatch

/// Calls a handler whenever a descriptor has something to read, in order and never two at a time; holds the descriptor
/// open for as long as it looks at it.
// SAFETY: the source is set up in `init` and only cancelled afterwards, which Dispatch allows from any thread.
final class Readiness: @unchecked Sendable {
    private let source: any DispatchSourceRead
    private let queue = DispatchQueue(label: "evenkeel.readiness")
    private let handler: @Sendable (Readiness) -> Void

    init(of descriptor: FileDescriptor, _ handler: @escaping @Sendable (Readiness) -> Void) {
        self.handler = handler
        source = DispatchSource.makeReadSource(fileDescriptor: descriptor.number, queue: queue)
        source.setCancelHandler { withExtendedLifetime(descriptor) {} }
        source.setEventHandler { [weak self] in
            if let self { self.handler(self) }
        }
        source.resume()
    }

    deinit { source.cancel() }

    /// Calls the handler now, after what it is doing, and returns when it has. Not to be called by the handler itself.
    func callNow() { queue.sync { handler(self) } }

    /// Stops looking; more than once does no harm.
    func cancel() { source.cancel() }
}
