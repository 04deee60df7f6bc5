import CCurl

/// The transfers under way, on the loop's own thread.
@safe struct TransferTable {
    private let multi: UnsafeMutableRawPointer
    private let agent: String
    private var transfers: [UInt64: Transfer] = [:]
    /// The same by libcurl's handles.
    private var tickets: [UnsafeMutableRawPointer: UInt64] = unsafe [:]
    /// Requests that were cancelled before they arrived here: cancelling may overtake beginning.
    private var cancelledEarly: Set<UInt64> = []
    /// The longest sleep; any order wakes the thread before that.
    private static let longestSleepMilliseconds: Int32 = 60_000

    init(multi: UnsafeMutableRawPointer, agent: String) {
        unsafe self.multi = unsafe multi
        self.agent = agent
    }

    mutating func carryOut(_ order: TransferLoop.Order) {
        switch order {
        case .begin(let ticket, let request, let continuation): begin(ticket, request, continuation)
        case .cancel(let ticket): cancel(ticket)
        case .forget(let ticket): cancelledEarly.remove(ticket)
        }
    }

    /// Moves every transfer on, answers those that ended, and sleeps until something happens.
    mutating func advance() {
        var running: Int32 = 0
        unsafe curl_multi_perform(multi, &running)
        var remaining: Int32 = 0
        while let message = unsafe curl_multi_info_read(multi, &remaining) {
            guard unsafe message.pointee.msg == CURLMSG_DONE, let handle = unsafe message.pointee.easy_handle else {
                continue
            }
            let result = unsafe evenkeel_curl_result(message)
            guard let ticket = unsafe tickets[handle], let transfer = transfers[ticket] else { continue }
            finish(ticket, transfer.outcome(of: result))
        }
        unsafe curl_multi_poll(multi, nil, 0, Self.longestSleepMilliseconds, nil)
    }

    /// Answers all that is left.
    mutating func endAll() {
        for (ticket, transfer) in transfers { finish(ticket, .failure(.closed(url: transfer.request.shownURL))) }
    }

    private mutating func begin(_ ticket: UInt64, _ request: HTTPRequest, _ continuation: TransferLoop.Continuation) {
        if cancelledEarly.remove(ticket) != nil {
            return continuation.resume(returning: .failure(.cancelled(url: request.shownURL)))
        }
        guard let transfer = Transfer(request, agent: agent, continuation: continuation) else {
            let reason = "libcurl has no memory for it"
            return continuation.resume(
                returning: .failure(.invalidRequest(url: request.shownURL, reason: reason)))
        }
        transfers[ticket] = transfer
        unsafe tickets[transfer.handle] = ticket
        let added = unsafe curl_multi_add_handle(multi, transfer.handle)
        if added != CURLM_OK {
            finish(ticket, .failure(.invalidRequest(url: request.shownURL, reason: "libcurl refused it")))
        }
    }

    private mutating func cancel(_ ticket: UInt64) {
        guard let transfer = transfers[ticket] else {
            cancelledEarly.insert(ticket)
            return
        }
        finish(ticket, .failure(.cancelled(url: transfer.request.shownURL)))
    }

    private mutating func finish(_ ticket: UInt64, _ result: Result<HTTPResponse, HTTPClientError>) {
        guard let transfer = transfers.removeValue(forKey: ticket) else { return }
        unsafe tickets[transfer.handle] = nil
        unsafe curl_multi_remove_handle(multi, transfer.handle)
        transfer.continuation.resume(returning: result)
    }
}
