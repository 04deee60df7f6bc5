/// A set of logical processors by number, as the kernel lists them: `0-3,6`.
public struct LogicalProcessorSet: Hashable, Sendable {
    /// The highest number that is accepted: the kernel's own upper bound (`NR_CPUS` of x86-64) is 8192.
    public static let highest = 8191

    /// The numbers, ascending, each once.
    public let numbers: [Int]

    /// The given numbers.
    public init(_ numbers: some Sequence<Int>) {
        self.numbers = Set(numbers).sorted()
    }

    /// Reads numbers and ranges with commas between them; throws `CounterError.logicalProcessorList`.
    public init(parsing text: String) throws(CounterError) {
        func problem(_ reason: String) -> CounterError { .logicalProcessorList(text: text, reason: reason) }
        var found: [Int] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Self.number($0) }
            switch ends.count {
            case 1:
                guard let one = ends[0] else { throw problem("'\(part)' is not a number from 0 to \(Self.highest)") }
                found.append(one)
            case 2:
                guard let first = ends[0], let last = ends[1], first <= last else {
                    throw problem("'\(part)' is not a range")
                }
                found.append(contentsOf: first...last)
            default:
                throw problem("'\(part)' is not a range")
            }
        }
        self.init(found)
    }

    /// Whether `number` is among them.
    public func contains(_ number: Int) -> Bool {
        numbers.contains(number)
    }

    private static func number(_ text: Substring) -> Int? {
        var trimmed = text.drop { $0 == " " }
        while trimmed.last == " " { trimmed.removeLast() }
        guard !trimmed.isEmpty, trimmed.allSatisfy({ $0.isASCII && $0.isNumber }), let value = Int(trimmed),
            value <= highest
        else { return nil }
        return value
    }
}

extension LogicalProcessorSet: CustomStringConvertible {
    /// Ranges where numbers follow each other: `0-3,6`.
    public var description: String {
        var parts: [String] = []
        var rest = numbers[...]
        while let first = rest.first {
            var last = first
            while let next = rest.dropFirst().first, next == last + 1 {
                last = next
                rest = rest.dropFirst()
            }
            rest = rest.dropFirst()
            parts.append(first == last ? "\(first)" : "\(first)-\(last)")
        }
        return parts.joined(separator: ",")
    }
}
