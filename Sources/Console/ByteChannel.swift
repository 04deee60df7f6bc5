import Dispatch
import FleetModel
import Glibc

/// A descriptor that is read and written as bytes come and go, without holding a thread meanwhile. For one reader and one
/// writer at a time.
public final class ByteChannel: Sendable {
    /// A call that failed.
    public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        /// Which, on what, and the system's words.
        public let description: String
    }

    private let descriptor: Int32
    private let isOwned: Bool
    private let isSocket: Bool

    /// A channel over a descriptor that stays somebody else's, such as standard input. Its flags, which others share, are
    /// left as they are.
    public init(borrowing descriptor: Int32) {
        self.descriptor = descriptor
        isOwned = false
        isSocket = false
    }

    private init(owning descriptor: Int32, isSocket: Bool) {
        self.descriptor = descriptor
        self.isSocket = isSocket
        isOwned = true
    }

    deinit { if isOwned { close(descriptor) } }

    /// Connects to where a VM's console is.
    public static func open(_ place: ConsolePlace) throws(Failure) -> ByteChannel {
        switch place {
        case .socket(let path): return try connected(to: path)
        case .terminal(let path):
            let number = unsafe Glibc.open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
            guard number >= 0 else { throw failure("cannot open \(path)") }
            return ByteChannel(owning: number, isSocket: false)
        }
    }

    private static func connected(to path: String) throws(Failure) -> ByteChannel {
        let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard number >= 0 else { throw failure("cannot make a socket") }
        let channel = ByteChannel(owning: number, isSocket: true)
        var address = sockaddr_un()
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw Failure(description: "the socket's path is too long: \(path)")
        }
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let status = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else { throw failure("cannot connect to \(path)") }
        return channel
    }

    /// Up to `limit` bytes, as soon as there are any; none at the end of the stream, or when the task is cancelled.
    public func read(_ limit: Int) async throws(Failure) -> [UInt8] {
        while !Task.isCancelled {
            if isReady(Int16(POLLIN)), let bytes = try readNow(limit) { return bytes }
            await Readiness(descriptor, .read, keeping: self).wait()
        }
        return []
    }

    private func readNow(_ limit: Int) throws(Failure) -> [UInt8]? {
        var count = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, initialized in
            count = unsafe Glibc.read(descriptor, buffer.baseAddress, limit)
            initialized = max(0, count)
        }
        if count >= 0 { return bytes }
        switch errno {
        case EAGAIN, EINTR: return nil
        // The other end has gone: a socket's, a terminal's.
        case ECONNRESET, EIO: return []
        default: throw Self.failure("cannot read")
        }
    }

    /// Writes all of `bytes` as they are taken; stops when the task is cancelled. False where the other end has gone.
    public func write(_ bytes: [UInt8]) async throws(Failure) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty, !Task.isCancelled {
            let count = unsafe rest.withUnsafeBytes { part in
                unsafe isSocket
                    ? send(descriptor, part.baseAddress, part.count, Int32(MSG_NOSIGNAL))
                    : Glibc.write(descriptor, part.baseAddress, part.count)
            }
            if count > 0 {
                rest = rest.dropFirst(count)
                continue
            }
            switch errno {
            case EINTR: break
            case EAGAIN: await Readiness(descriptor, .write, keeping: self).wait()
            case EPIPE, ECONNRESET, EIO: return false
            default: throw Self.failure("cannot write")
            }
        }
        return true
    }

    private func isReady(_ events: Int16) -> Bool {
        var entry = pollfd(fd: descriptor, events: events, revents: 0)
        return unsafe poll(&entry, 1, 0) > 0
    }

    private static func failure(_ what: String) -> Failure {
        let code = errno
        let reason = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
        return Failure(description: "\(what): \(reason)")
    }
}

/// Waits once until a descriptor can be read or written, or the task is cancelled.
///
/// SAFETY: the source is made before anybody else sees the object and only cancelled afterwards, which may be done from
/// any thread; the rest is behind a lock.
private final class Readiness: @unchecked Sendable {
    enum Direction { case read, write }

    private struct State {
        var isOver = false
        var continuation: CheckedContinuation<Void, Never>?
    }

    private static let queue = DispatchQueue(label: "evenkeel.console")
    private let state = Locked(State())
    private let source: any DispatchSourceProtocol

    init(_ descriptor: Int32, _ direction: Direction, keeping owner: ByteChannel) {
        source =
            direction == .read
            ? DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: Self.queue)
            : DispatchSource.makeWriteSource(fileDescriptor: descriptor, queue: Self.queue)
        // The descriptor must not be closed, and its number not used anew, before the source has let go of it.
        source.setCancelHandler { withExtendedLifetime(owner) {} }
        source.setEventHandler { [weak self] in self?.end() }
        source.resume()
    }

    deinit { source.cancel() }

    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if !state.isOver { state.continuation = continuation }
                    return state.isOver
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            end()
        }
    }

    private func end() {
        source.cancel()
        let continuation = state.withLock { state in
            state.isOver = true
            defer { state.continuation = nil }
            return state.continuation
        }
        continuation?.resume()
    }
}
