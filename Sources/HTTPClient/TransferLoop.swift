import CCurl
import FleetModel
import Glibc
import Synchronization

/// The thread that drives libcurl. Others only put orders into its inbox and wake it; handles never leave it.
@safe final class TransferLoop: Sendable {
    typealias Continuation = CheckedContinuation<Result<HTTPResponse, HTTPClientError>, Never>

    /// What others ask of the thread.
    enum Order: Sendable {
        case begin(UInt64, HTTPRequest, Continuation)
        case cancel(UInt64)
        /// The task of a cancelled request has its answer: nothing more will come of that ticket.
        case forget(UInt64)
    }

    private struct Inbox: Sendable {
        var orders: [Order] = []
        var isStopping = false
    }

    private let agent: String
    private let inbox = Mutex(Inbox())
    private let tickets = Atomic<UInt64>(0)
    // SAFETY: only the thread touches the handle, but for curl_multi_wakeup, which may be called from any thread as
    // long as the handle lives: callers hold the inbox's lock and have seen that the loop is not stopping.
    private nonisolated(unsafe) let multi: OpaquePointer

    init(agent: String) {
        self.agent = agent
        // Idempotent and safe to call from any thread since libcurl 7.84.
        curl_global_init(Int(CURL_GLOBAL_DEFAULT))
        guard let handle = unsafe curl_multi_init() else {
            preconditionFailure("no memory for a libcurl multi handle")
        }
        unsafe multi = OpaquePointer(handle)
    }

    func nextTicket() -> UInt64 { tickets.add(1, ordering: .relaxed).newValue }

    /// Starts the thread, which holds the loop until `stop`.
    func start() {
        if BlockingThread.start({ self.run() }) { return }
        inbox.withLock { $0.isStopping = true }
        unsafe curl_multi_cleanup(UnsafeMutableRawPointer(multi))
    }

    /// Hands an order over; after `stop` a request is answered at once.
    func submit(_ order: Order) {
        let isTaken = inbox.withLock { inbox in
            if inbox.isStopping { return false }
            inbox.orders.append(order)
            wake()
            return true
        }
        if !isTaken, case .begin(_, let request, let continuation) = order {
            continuation.resume(returning: .failure(.closed(url: request.shownURL)))
        }
    }

    /// Ends the thread and every transfer.
    func stop() {
        inbox.withLock { inbox in
            if inbox.isStopping { return }
            inbox.isStopping = true
            wake()
        }
    }

    private func wake() { unsafe curl_multi_wakeup(UnsafeMutableRawPointer(multi)) }

    private func run() {
        var transfers = unsafe TransferTable(multi: UnsafeMutableRawPointer(multi), agent: agent)
        while true {
            let (orders, isStopping) = inbox.withLock { inbox in
                let taken = inbox.orders
                inbox.orders = []
                return (taken, inbox.isStopping)
            }
            for order in orders { transfers.carryOut(order) }
            if isStopping { break }
            transfers.advance()
        }
        transfers.endAll()
        unsafe curl_multi_cleanup(UnsafeMutableRawPointer(multi))
    }
}
