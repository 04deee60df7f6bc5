import CPCRE2

/// A regular expression that is looked for anywhere in texts, with the limits of `Pattern`.
@safe public final class TextSearch: Sendable {
    /// The expression as it was written.
    public let text: String

    /// The longest text that a replacement makes, in bytes.
    private static let longestResult = 1 << 20

    // SAFETY: both are written in `init` only; PCRE2 reads compiled code and match contexts from any thread (pcre2api,
    // "Multithreading"), each match has match data of its own, and `deinit` runs after the last use.
    private nonisolated(unsafe) let code: OpaquePointer
    private nonisolated(unsafe) let context: OpaquePointer

    /// Compiles `text`. Throws `PatternError.invalid` where it is not a regular expression.
    public init(_ text: String) throws(PatternError) {
        unsafe code = try CompiledExpression.compile(text, whole: false)
        unsafe context = CompiledExpression.matchContext()
        self.text = text
    }

    deinit {
        unsafe pcre2_match_context_free_8(context)
        unsafe pcre2_code_free_8(code)
    }

    /// Whether it is found in `candidate`. Throws `PatternError.tooCostly` when the limits are met.
    public func isFound(in candidate: String) throws(PatternError) -> Bool {
        try next(Array(candidate.utf8), from: 0, groups: 1) != nil
    }

    /// `candidate` with everything that matches replaced by `template`, whose `$1` and `${name}` stand for what groups
    /// caught, by the rules of Go's `Regexp.ReplaceAllString`.
    public func replacingAll(in candidate: String, with template: String) throws(PatternError) -> String {
        let bytes = Array(candidate.utf8)
        let groups = unsafe CompiledExpression.groupCount(code) + 1
        let names = unsafe CompiledExpression.groupNames(code)
        var result: [UInt8] = []
        var copied = 0
        var start = 0
        while start <= bytes.count, let ranges = try next(bytes, from: start, groups: groups), let whole = ranges[0] {
            // An empty match right behind another one does not count.
            let isRepeat = whole.isEmpty && whole.lowerBound == copied && copied > 0
            if !isRepeat {
                let texts = ranges.map { range in range.map { String(decoding: bytes[$0], as: UTF8.self) } }
                result += bytes[copied..<whole.lowerBound]
                result += Captures(texts: texts, names: names).expand(template).utf8
                copied = whole.upperBound
            }
            start = whole.isEmpty ? Self.after(whole.upperBound, in: bytes) : whole.upperBound
            if result.count > Self.longestResult { throw .tooCostly(pattern: text, reason: "the result is too long") }
        }
        return String(decoding: result + bytes[copied...], as: UTF8.self)
    }

    /// The place behind the character at `place`.
    private static func after(_ place: Int, in bytes: [UInt8]) -> Int {
        var next = place + 1
        while next < bytes.count, bytes[next] & 0xc0 == 0x80 { next += 1 }
        return next
    }

    private func next(_ bytes: [UInt8], from start: Int, groups: Int) throws(PatternError) -> [Range<Int>?]? {
        guard let data = unsafe pcre2_match_data_create_8(UInt32(groups), nil) else {
            throw .tooCostly(pattern: text, reason: "out of memory")
        }
        defer { unsafe pcre2_match_data_free_8(data) }
        let status = unsafe bytes.withUnsafeBufferPointer { bytes in
            let first = unsafe run(bytes, data, start, 0)
            // The JIT's fixed stack is small; the interpreter may use the heap up to its limit.
            return unsafe first == PCRE2_ERROR_JIT_STACKLIMIT ? run(bytes, data, start, UInt32(PCRE2_NO_JIT)) : first
        }
        if status == PCRE2_ERROR_NOMATCH { return nil }
        guard status >= 0 else {
            throw .tooCostly(pattern: text, reason: CompiledExpression.message(status))
        }
        return unsafe CompiledExpression.ranges(data, count: groups)
    }

    private func run(
        _ bytes: UnsafeBufferPointer<UInt8>, _ data: OpaquePointer, _ start: Int, _ options: UInt32
    ) -> Int32 {
        let options = options | UInt32(PCRE2_NO_UTF_CHECK)
        guard let base = bytes.baseAddress else {
            return unsafe pcre2_match_8(code, [0], 0, 0, options, data, context)
        }
        return unsafe pcre2_match_8(code, base, bytes.count, start, options, data, context)
    }
}
