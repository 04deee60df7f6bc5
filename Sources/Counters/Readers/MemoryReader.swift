import FleetModel

/// Reads `/proc/meminfo`.
struct MemoryReader: Sendable {
    private var file: OptionalFile
    private var minimum: Int64?

    init(_ options: SamplerOptions) {
        file = OptionalFile("\(options.procFolder)/meminfo")
    }

    /// Appends the host's memory, or its partition's. `isWhole`: of the machine, so that all it is used for is told.
    mutating func read(
        _ options: SamplerOptions, _ buffer: inout ReadBuffer, depth: SampleDepth, into sample: inout HostSample
    ) throws(CounterError) {
        guard let length = try file.read(into: &buffer) else {
            throw .malformed(path: file.path, line: 1, expected: "a file")
        }
        let information = try MemoryInformation(parsing: buffer.bytes.span.extracting(0..<length), path: file.path)
        var available = information.available.map { Bytes($0) }
        if let budget = options.memory, let real = available {
            // What is not known to be held cannot be known to be left.
            let held = sample.residentMemory.values.reduce(Bytes.zero, +)
            let isComplete = sample.problems[.machines] == nil
            available = isComplete ? min(real, max(.zero, budget - held)) : nil
        }
        if let available { minimum = min(minimum ?? available.count, available.count) }
        guard depth == .whole else { return }
        let memory = options.memory ?? Bytes(information.total)
        sample.memory = memory
        sample.memoryAvailable = available
        sample.append(.memory, .host, Double(memory.count))
        if let available { sample.append(.memoryAvailable, .host, Double(available.count)) }
        if let minimum { sample.append(.memoryAvailableMinimum, .host, Double(minimum)) }
        minimum = nil
        if options.logicalProcessors == nil { Self.appendUse(information, to: &sample) }
    }

    private static func appendUse(_ information: MemoryInformation, to sample: inout HostSample) {
        func append(_ counter: Counter, _ name: String, _ value: Int64?) {
            if let value { sample.append(counter, .part(name), Double(value)) }
        }
        append(.memoryUse, "free", information.free)
        append(.memoryUse, "cached", information.cached)
        append(.memoryUse, "anonymous", information.anonymous)
        append(.memoryUse, "shared", information.shared)
        append(.memoryUse, "kernel", information.slab)
        append(.memoryUse, "committed", information.committed)
        append(.swap, "total", information.swapTotal)
        append(.swap, "free", information.swapFree)
        guard let size = information.hugePageSize else { return }
        append(.hugePages, "total", information.hugePagesTotal.map { $0.multiplied(by: size) } ?? nil)
        append(.hugePages, "free", information.hugePagesFree.map { $0.multiplied(by: size) } ?? nil)
        append(.hugePages, "reserved", information.hugePagesReserved.map { $0.multiplied(by: size) } ?? nil)
    }
}

extension Int64 {
    /// The product; `nil` where it does not fit.
    fileprivate func multiplied(by other: Int64) -> Int64? {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? nil : product
    }
}
