import CPCRE2

/// A regular expression that a user wrote, matched against whole texts: PCRE2 with JIT, UTF-8 and limits on what a match
/// may cost, so that no expression holds a thread for more than some milliseconds.
///
/// Prometheus speaks RE2. The two agree on what people write in matchers; they differ where
/// - PCRE2 accepts more: back-references and look-around, which RE2 refuses;
/// - `\v` is a class of vertical white space here and a vertical tab in RE2, and `\h` is known here only;
/// - RE2 is linear in the text, PCRE2 is not: an expression that backtracks without end meets `PatternError.tooCostly`;
/// - a counted repetition may go up to 65,535 here and to 1,000 in RE2.
///
/// As in Prometheus 3 a dot matches a line feed too, `$` is the very end, and `\d`, `\s`, `\w` are ASCII.
@safe public final class Pattern: Sendable {
    /// The expression as it was written.
    public let text: String
    /// What every matching text starts with; may be empty.
    public let literalPrefix: String
    /// All texts that match, where the expression is a plain list of them such as `a|b(c|d)`; otherwise `nil`.
    public let alternatives: [String]?

    private let shape: Shape
    // SAFETY: both are written in `init` only; PCRE2 reads compiled code and match contexts from any thread (pcre2api,
    // "Multithreading"), each match has match data of its own, and `deinit` runs after the last use.
    private nonisolated(unsafe) let code: OpaquePointer
    private nonisolated(unsafe) let context: OpaquePointer

    /// The expressions that need no engine, and the rest.
    private enum Shape {
        case anything
        case nonEmpty
        case oneOf
        case expression
    }

    /// Compiles `text`. Throws `PatternError.invalid` where it is not a regular expression.
    public init(_ text: String) throws(PatternError) {
        unsafe code = try CompiledExpression.compile(text)
        unsafe context = CompiledExpression.matchContext()
        self.text = text
        let literals = LiteralScan.literals(of: text)
        alternatives = literals.isComplete ? literals.texts : nil
        literalPrefix = literals.commonPrefix
        shape =
            switch text {
            case ".*", "(.*)": .anything
            case ".+", "(.+)": .nonEmpty
            default: literals.isComplete ? .oneOf : .expression
            }
    }

    deinit {
        unsafe pcre2_match_context_free_8(context)
        unsafe pcre2_code_free_8(code)
    }

    /// Whether the whole of `candidate` matches. Throws `PatternError.tooCostly` when the limits are met.
    public func matches(whole candidate: String) throws(PatternError) -> Bool {
        switch shape {
        case .anything: return true
        case .nonEmpty: return !candidate.isEmpty
        case .oneOf: return alternatives?.contains { $0.utf8.elementsEqual(candidate.utf8) } ?? false
        case .expression:
            guard literalPrefix.isEmpty || candidate.utf8.starts(with: literalPrefix.utf8) else { return false }
            return try match(candidate, groups: 1) != nil
        }
    }

    /// Where the whole of `candidate` matches: what each group caught, the whole match first, `nil` for a group that
    /// took no part. `nil` where it does not match.
    public func captures(whole candidate: String) throws(PatternError) -> Captures? {
        let groups = unsafe CompiledExpression.groupCount(code) + 1
        guard let ranges = try match(candidate, groups: groups) else { return nil }
        let bytes = Array(candidate.utf8)
        let texts = ranges.map { range in range.map { String(decoding: bytes[$0], as: UTF8.self) } }
        return Captures(texts: texts, names: unsafe CompiledExpression.groupNames(code))
    }

    /// The byte ranges of the first `groups` groups, or `nil` without a match.
    private func match(_ candidate: String, groups: Int) throws(PatternError) -> [Range<Int>?]? {
        guard let data = unsafe pcre2_match_data_create_8(UInt32(groups), nil) else {
            throw .tooCostly(pattern: text, reason: "out of memory")
        }
        defer { unsafe pcre2_match_data_free_8(data) }
        var copy = candidate
        let status = copy.withUTF8 { bytes in
            let first = unsafe run(bytes, data, 0)
            // The JIT's fixed stack is small; the interpreter may use the heap up to its limit.
            return unsafe first == PCRE2_ERROR_JIT_STACKLIMIT ? run(bytes, data, UInt32(PCRE2_NO_JIT)) : first
        }
        if status == PCRE2_ERROR_NOMATCH { return nil }
        guard status >= 0 else {
            throw .tooCostly(pattern: text, reason: CompiledExpression.message(status))
        }
        return unsafe CompiledExpression.ranges(data, count: groups)
    }

    private func run(_ bytes: UnsafeBufferPointer<UInt8>, _ data: OpaquePointer, _ options: UInt32) -> Int32 {
        let options = options | UInt32(PCRE2_NO_UTF_CHECK)
        guard let start = bytes.baseAddress else {
            return unsafe pcre2_match_8(code, [0], 0, 0, options, data, context)
        }
        return unsafe pcre2_match_8(code, start, bytes.count, 0, options, data, context)
    }
}
