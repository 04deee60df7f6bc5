import CCurl
import FleetModel
import Glibc
import Synchronization

/// Sends mail over libcurl. Messages are few: each has a thread for as long as it takes.
public enum MailClient {
    /// Returns when the server has taken the message for all its receivers. Throws `MailError`.
    public static func send(_ message: MailMessage, to server: MailServer) async throws {
        let transfer = MailTransfer(message, server)
        let result: Result<Void, MailError> = await withTaskCancellationHandler {
            await BlockingThread.result { transfer.run() }
                ?? .failure(.later(server: server.authority, reason: "no thread is to be had"))
        } onCancel: {
            transfer.cancel()
        }
        try result.get()
    }
}

/// One message on its way.
private final class MailTransfer: Sendable {
    private let message: MailMessage
    private let server: MailServer
    /// What is still to be sent.
    private let rest: Mutex<ArraySlice<UInt8>>
    private let isCancelled = Atomic(false)

    init(_ message: MailMessage, _ server: MailServer) {
        self.message = message
        self.server = server
        rest = Mutex(message.bytes[...])
    }

    func cancel() { isCancelled.store(true, ordering: .relaxed) }

    func run() -> Result<Void, MailError> {
        curl_global_init(Int(CURL_GLOBAL_DEFAULT))
        guard let handle = unsafe curl_easy_init() else {
            return .failure(.later(server: server.authority, reason: "libcurl has no memory for it"))
        }
        var receivers: UnsafeMutablePointer<curl_slist>?
        for address in message.to { unsafe receivers = unsafe curl_slist_append(receivers, "<\(address)>") }
        defer {
            unsafe curl_easy_cleanup(handle)
            unsafe curl_slist_free_all(receivers)
        }
        unsafe setServer(handle)
        unsafe setMessage(handle, receivers)
        return unsafe outcome(of: curl_easy_perform(handle), handle)
    }

    private func setServer(_ handle: UnsafeMutableRawPointer) {
        func set(_ option: CURLoption, _ value: String) { unsafe evenkeel_curl_set_string(handle, option, value) }
        let scheme = server.protection == .tls ? "smtps" : "smtp"
        let host = server.host.contains(":") ? "[\(server.host)]" : server.host
        set(CURLOPT_URL, "\(scheme)://\(host):\(server.port)")
        set(CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        // Where STARTTLS is wanted and not to be had, nothing is sent, the password least of all.
        let isProtected = server.protection != .off
        unsafe evenkeel_curl_set_long(
            handle, CURLOPT_USE_SSL, Int((isProtected ? CURLUSESSL_ALL : CURLUSESSL_NONE).rawValue))
        if let file = server.certificateAuthority { set(CURLOPT_CAINFO, file) }
        if let login = server.login {
            set(CURLOPT_USERNAME, login.user)
            set(CURLOPT_PASSWORD, login.password)
        }
        // Mail goes to the server that was named, whatever proxies the environment knows.
        set(CURLOPT_PROXY, "")
        let limit = max(1, server.timeLimit.components.seconds * 1000)
        unsafe evenkeel_curl_set_long(handle, CURLOPT_TIMEOUT_MS, Int(limit))
        unsafe evenkeel_curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, Int(min(limit, 10_000)))
        unsafe evenkeel_curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
    }

    private func setMessage(_ handle: UnsafeMutableRawPointer, _ receivers: UnsafeMutablePointer<curl_slist>?) {
        unsafe evenkeel_curl_set_string(handle, CURLOPT_MAIL_FROM, "<\(message.from)>")
        unsafe evenkeel_curl_set_pointer(handle, CURLOPT_MAIL_RCPT, receivers)
        unsafe evenkeel_curl_set_long(handle, CURLOPT_UPLOAD, 1)
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe evenkeel_curl_set_pointer(handle, CURLOPT_READDATA, context)
        unsafe evenkeel_curl_set_pointer(handle, CURLOPT_XFERINFODATA, context)
        unsafe evenkeel_curl_set_long(handle, CURLOPT_NOPROGRESS, 0)
        unsafe evenkeel_curl_set_callback(handle, CURLOPT_READFUNCTION) { bytes, size, count, context in
            guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
            let transfer = unsafe Unmanaged<MailTransfer>.fromOpaque(context).takeUnretainedValue()
            return unsafe transfer.read(into: UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
        }
        unsafe evenkeel_curl_set_progress(handle, CURLOPT_XFERINFOFUNCTION) { context, _, _, _, _ in
            guard let context = unsafe context else { return 1 }
            let transfer = unsafe Unmanaged<MailTransfer>.fromOpaque(context).takeUnretainedValue()
            return transfer.isCancelled.load(ordering: .relaxed) ? 1 : 0
        }
    }

    private func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        rest.withLock { rest in
            let part = rest.prefix(buffer.count)
            unsafe buffer.copyBytes(from: part)
            rest = rest.dropFirst(part.count)
            return part.count
        }
    }

    private func outcome(of result: CURLcode, _ handle: UnsafeMutableRawPointer) -> Result<Void, MailError> {
        if result == CURLE_OK { return .success(()) }
        if isCancelled.load(ordering: .relaxed) { return .failure(.cancelled) }
        var code = 0
        unsafe evenkeel_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &code)
        var reason = unsafe String(cString: curl_easy_strerror(result))
        if code > 0 { reason += " (\(code))" }
        // A 5xx to sender, receivers or content is for good; one to a login says something of the login.
        let isOfTheMessage = result == CURLE_SEND_ERROR || result == CURLE_WEIRD_SERVER_REPLY
        if (500...599).contains(code), isOfTheMessage {
            return .failure(.refused(server: server.authority, code: code, reason: reason))
        }
        return .failure(.later(server: server.authority, reason: reason))
    }
}
