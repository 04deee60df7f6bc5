import CPCRE2

/// The calls to PCRE2, each with the limits that make it safe for expressions of unknown authors.
enum CompiledExpression {
    /// Steps of backtracking in one match: some milliseconds.
    private static let matchLimit: UInt32 = 1_000_000
    /// Nested frames of one match by the interpreter.
    private static let depthLimit: UInt32 = 10_000
    /// Heap that the interpreter may use in one match, KiB.
    private static let heapLimit: UInt32 = 16_384
    /// Longest expression, bytes.
    private static let lengthLimit = 65_536

    /// Compiles `text` for JIT where the machine has it; `whole`: so that it matches whole texts only.
    static func compile(_ text: String, whole: Bool = true) throws(PatternError) -> OpaquePointer {
        let context = unsafe pcre2_compile_context_create_8(nil)
        defer { unsafe pcre2_compile_context_free_8(context) }
        unsafe pcre2_set_max_pattern_length_8(context, lengthLimit)
        let options =
            (whole ? PCRE2_ANCHORED | PCRE2_ENDANCHORED : 0) | PCRE2_UTF | UInt32(PCRE2_DOTALL)
            | UInt32(PCRE2_DOLLAR_ENDONLY) | UInt32(PCRE2_NEVER_BACKSLASH_C)
        var failure: Int32 = 0
        var offset = 0
        var copy = text
        let code = copy.withUTF8 { bytes -> OpaquePointer? in
            guard let start = bytes.baseAddress else {
                return unsafe pcre2_compile_8([0], 0, options, &failure, &offset, context)
            }
            return unsafe pcre2_compile_8(start, bytes.count, options, &failure, &offset, context)
        }
        guard let code = unsafe code else {
            throw .invalid(pattern: String(text.prefix(200)), offset: offset, reason: message(failure))
        }
        // Without JIT the same expression is interpreted, only slower.
        unsafe pcre2_jit_compile_8(code, UInt32(PCRE2_JIT_COMPLETE))
        return unsafe code
    }

    /// The limits every match runs under.
    static func matchContext() -> OpaquePointer {
        guard let context = unsafe pcre2_match_context_create_8(nil) else {
            preconditionFailure("no memory for a PCRE2 match context")
        }
        unsafe pcre2_set_match_limit_8(context, matchLimit)
        unsafe pcre2_set_depth_limit_8(context, depthLimit)
        unsafe pcre2_set_heap_limit_8(context, heapLimit)
        return unsafe context
    }

    /// How many capturing groups the expression has.
    static func groupCount(_ code: OpaquePointer) -> Int {
        var count: UInt32 = 0
        unsafe pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_CAPTURECOUNT), &count)
        return Int(count)
    }

    /// The named groups and their numbers.
    static func groupNames(_ code: OpaquePointer) -> [String: Int] {
        var count: UInt32 = 0
        var size: UInt32 = 0
        var table: UnsafePointer<UInt8>?
        unsafe pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_NAMECOUNT), &count)
        unsafe pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_NAMEENTRYSIZE), &size)
        unsafe pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_NAMETABLE), &table)
        guard let table = unsafe table else { return [:] }
        var names: [String: Int] = [:]
        for index in 0..<Int(count) {
            // An entry is the number in two bytes, high byte first, then the name and a zero byte.
            let entry = unsafe table + index * Int(size)
            let number = unsafe Int(entry[0]) << 8 | Int(entry[1])
            unsafe names[String(cString: entry + 2)] = number
        }
        return names
    }

    /// The byte ranges of the first `count` groups after a match; `nil` for a group that took no part.
    static func ranges(_ data: OpaquePointer, count: Int) -> [Range<Int>?] {
        let vector = unsafe pcre2_get_ovector_pointer_8(data)
        return (0..<count).map { group in
            guard let vector = unsafe vector else { return nil }
            let (start, end) = unsafe (vector[2 * group], vector[2 * group + 1])
            return start <= end && end != Int(bitPattern: UInt.max) ? start..<end : nil
        }
    }

    /// PCRE2's own words for an error code.
    static func message(_ code: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let length = unsafe pcre2_get_error_message_8(code, &buffer, buffer.count)
        return length > 0 ? String(decoding: buffer.prefix(Int(length)), as: UTF8.self) : "error \(code)"
    }
}
