import FleetModel

/// The blocks of memory that QEMU would send, as it lists them for people (`x-query-ramblock`, QEMU 6.2 and later):
/// ```
///               Block Name    PSize              Offset               Used              Total
///                   pc.ram    4 KiB  0x0000000000000000 0x0000000004000000 0x0000000004000000
/// ```
/// Nothing promises that form, so what is not understood is passed over.
enum RAMBlockReading {
    /// How much of all blocks is in use, which is what a migration sends; `nil` where no block is to be seen.
    static func used(_ answer: JSONValue) -> Bytes? {
        let lines = (answer["human-readable-text"]?.text ?? "").split(whereSeparator: \.isNewline)
        let sizes = lines.prefix(JSONValue.mostItems).compactMap { line -> Int64? in
            let numbers = line.split(separator: " ").suffix(3)
            guard numbers.count == 3, numbers.allSatisfy({ $0.hasPrefix("0x") }) else { return nil }
            return Int64(numbers[numbers.startIndex + 1].dropFirst(2), radix: 16)
        }
        guard !sizes.isEmpty else { return nil }
        var sum: Int64 = 0
        for size in sizes {
            let (next, isTooLarge) = sum.addingReportingOverflow(size)
            guard size >= 0, !isTooLarge else { return nil }
            sum = next
        }
        return Bytes(sum)
    }
}
