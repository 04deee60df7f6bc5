#if canImport(Glibc)
    import Glibc
#endif

/// Gives every distinct byte string a number, counting up from 0. All bytes lie in one array and the table holds only
/// numbers, so that a million strings are three allocations.
struct ByteInterner: ~Copyable, Sendable {
    /// All strings, end to end.
    private var bytes: [UInt8] = []
    /// Where each string ends.
    private var ends: [Int] = []
    /// Open addressing with linear probing: number + 1, 0 for an empty slot. Its size is a power of two.
    private var table = [UInt32](repeating: 0, count: 64)

    /// How many strings are known.
    var count: Int { ends.count }

    /// How many bytes of memory it holds.
    var memory: Int { bytes.capacity + ends.capacity * 8 + table.capacity * 4 }

    /// The string with a number.
    func string(_ number: UInt32) -> ArraySlice<UInt8> {
        bytes[range(number)]
    }

    /// How long the string with a number is.
    @inline(__always)
    func length(_ number: UInt32) -> Int {
        let range = range(number)
        return range.upperBound - range.lowerBound
    }

    @inline(__always)
    private func range(_ number: UInt32) -> Range<Int> {
        let place = Int(number)
        return (place == 0 ? 0 : ends[place - 1])..<ends[place]
    }

    /// Whether the string with a number stands in `other` at `offset`.
    @inline(__always)
    func stands(_ number: UInt32, in other: RawSpan, at offset: Int) -> Bool {
        let range = range(number)
        let length = range.upperBound - range.lowerBound
        guard length <= other.byteCount - offset else { return false }
        return unsafe bytes.withUnsafeBytes { own in
            unsafe other.withUnsafeBytes { theirs in
                guard let one = own.baseAddress, let two = theirs.baseAddress else { return true }
                return unsafe memcmp(one + range.lowerBound, two + offset, length) == 0
            }
        }
    }

    /// The number of a string, if it is known.
    func find(_ string: RawSpan) -> UInt32? {
        let mask = table.count - 1
        var slot = Int(truncatingIfNeeded: Checksum.of(string)) & mask
        while table[slot] != 0 {
            let number = table[slot] - 1
            if length(number) == string.byteCount, stands(number, in: string, at: 0) { return number }
            slot = (slot + 1) & mask
        }
        return nil
    }

    /// The number of a string, which becomes known.
    mutating func insert(_ string: RawSpan) -> UInt32 {
        if let known = find(string) { return known }
        if (ends.count + 1) * 4 > table.count * 3 { grow() }
        let number = UInt32(ends.count)
        unsafe string.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
        ends.append(bytes.count)
        place(number, hash: Checksum.of(string))
        return number
    }

    private mutating func place(_ number: UInt32, hash: UInt64) {
        let mask = table.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while table[slot] != 0 { slot = (slot + 1) & mask }
        table[slot] = number + 1
    }

    private mutating func grow() {
        table = [UInt32](repeating: 0, count: table.count * 2)
        for number in 0..<UInt32(ends.count) {
            let hash = unsafe Checksum.of(bytes.span.bytes.extracting(range(number)))
            place(number, hash: hash)
        }
    }
}
