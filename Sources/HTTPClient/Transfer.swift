import CCurl

/// One request on its way: a libcurl easy handle and what has arrived so far. Lives on the loop's thread only.
@safe final class Transfer {
    let request: HTTPRequest
    let continuation: TransferLoop.Continuation
    let handle: UnsafeMutableRawPointer
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private var headers: [(name: String, value: String)] = []
    private var body: [UInt8] = []
    private var isTooLarge = false

    /// `nil` when there is no memory.
    init?(_ request: HTTPRequest, agent: String, continuation: TransferLoop.Continuation) {
        guard let handle = unsafe curl_easy_init() else { return nil }
        self.request = request
        self.continuation = continuation
        unsafe self.handle = unsafe handle
        setTarget(agent: agent)
        setLimits()
        setBody()
        setHeaders()
        setCallbacks()
    }

    deinit {
        unsafe curl_easy_cleanup(handle)
        unsafe curl_slist_free_all(headerList)
    }

    /// The response, or why there is none.
    func outcome(of result: CURLcode) -> Result<HTTPResponse, HTTPClientError> {
        let url = request.shownURL
        if isTooLarge { return .failure(.tooLarge(url: url, limit: request.responseLimit)) }
        let reason = unsafe String(cString: curl_easy_strerror(result))
        switch result {
        case CURLE_OK: break
        case CURLE_OPERATION_TIMEDOUT: return .failure(.timedOut(url: url, reason: timeLimits))
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL:
            return .failure(.invalidRequest(url: url, reason: reason))
        default: return .failure(.transport(url: url, code: Int(result.rawValue), reason: reason))
        }
        var status = 0
        unsafe evenkeel_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
        return .success(HTTPResponse(url: url, status: status, headers: headers, body: body))
    }

    private var timeLimits: String {
        "the limits are \(request.connectLimit) to connect and \(request.totalLimit) in all"
    }

    private func set(_ option: CURLoption, _ value: Int) { unsafe evenkeel_curl_set_long(handle, option, value) }

    private func set(_ option: CURLoption, _ value: String) { unsafe evenkeel_curl_set_string(handle, option, value) }

    private func setTarget(agent: String) {
        set(CURLOPT_URL, request.url)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_USERAGENT, agent)
        // Every encoding this libcurl can unpack.
        set(CURLOPT_ACCEPT_ENCODING, "")
        set(CURLOPT_FOLLOWLOCATION, 0)
        // A proxy of the environment leads out of this machine; what is on it is reached without one.
        set(CURLOPT_NOPROXY, "localhost,127.0.0.1,::1")
        // Signals are the process's own; libcurl must not use them for its time limits.
        set(CURLOPT_NOSIGNAL, 1)
        if let file = request.certificateAuthority { set(CURLOPT_CAINFO, file) }
        if let file = request.clientCertificate { set(CURLOPT_SSLCERT, file) }
        if let file = request.clientKey { set(CURLOPT_SSLKEY, file) }
    }

    private func setLimits() {
        set(CURLOPT_CONNECTTIMEOUT_MS, Self.milliseconds(request.connectLimit))
        set(CURLOPT_TIMEOUT_MS, Self.milliseconds(request.totalLimit))
    }

    /// At least one: zero would mean no limit to libcurl.
    private static func milliseconds(_ span: Duration) -> Int {
        let (seconds, attoseconds) = span.components
        return max(1, Int(clamping: seconds.clamped(to: 0...86_400_000) * 1000 + attoseconds / 1_000_000_000_000_000))
    }

    private func setBody() {
        if request.method != .get || !request.body.isEmpty {
            set(CURLOPT_POST, 1)
            unsafe evenkeel_curl_set_size(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count))
            // Copied, since the request's array may move.
            unsafe request.body.withUnsafeBufferPointer { bytes in
                let start = unsafe UnsafeMutableRawPointer(mutating: bytes.baseAddress)
                unsafe evenkeel_curl_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, start)
            }
        }
        set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
    }

    private func setHeaders() {
        // Without this libcurl asks for a "100 Continue" and waits a second before it sends a body.
        unsafe headerList = unsafe curl_slist_append(nil, "Expect:")
        for header in request.headers {
            // A field with an empty value is written with a semicolon in libcurl's lists.
            let line = header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)"
            unsafe headerList = unsafe curl_slist_append(headerList, line)
        }
        unsafe evenkeel_curl_set_pointer(handle, CURLOPT_HTTPHEADER, headerList)
    }

    private func setCallbacks() {
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe evenkeel_curl_set_pointer(handle, CURLOPT_WRITEDATA, context)
        unsafe evenkeel_curl_set_pointer(handle, CURLOPT_HEADERDATA, context)
        unsafe evenkeel_curl_set_callback(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            unsafe Transfer.receive(bytes, size * count, context) { unsafe $0.take(body: $1) }
        }
        unsafe evenkeel_curl_set_callback(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            unsafe Transfer.receive(bytes, size * count, context) { unsafe $0.take(header: $1) }
        }
    }

    /// Hands what libcurl received to the transfer; any number but `count` aborts it.
    private static func receive(
        _ bytes: UnsafeMutablePointer<CChar>?, _ count: Int, _ context: UnsafeMutableRawPointer?,
        _ take: (Transfer, UnsafeRawBufferPointer) -> Bool
    ) -> Int {
        guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
        let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
        return unsafe take(transfer, UnsafeRawBufferPointer(start: bytes, count: count)) ? count : 0
    }

    private func take(body bytes: UnsafeRawBufferPointer) -> Bool {
        guard body.count + bytes.count <= request.responseLimit else {
            isTooLarge = true
            return false
        }
        unsafe body.append(contentsOf: bytes)
        return true
    }

    private func take(header bytes: UnsafeRawBufferPointer) -> Bool {
        let line = unsafe String(decoding: bytes, as: UTF8.self)
        // Each answer begins with a status line; only the last one counts.
        if line.hasPrefix("HTTP/") {
            headers.removeAll()
        } else if let colon = line.firstIndex(of: ":") {
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            headers.append((line[..<colon].lowercased(), String(value.prefix { !$0.isNewline })))
        }
        return true
    }
}

extension Comparable {
    fileprivate func clamped(to limits: ClosedRange<Self>) -> Self {
        min(max(self, limits.lowerBound), limits.upperBound)
    }
}
