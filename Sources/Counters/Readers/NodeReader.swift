/// Reads the NUMA nodes: `/sys/devices/system/node`. A machine with one node says nothing that its memory does not.
struct NodeReader: Sendable {
    fileprivate struct Node: Sendable {
        let number: Int
        var memory: OptionalFile
        var allocations: OptionalFile
    }

    private let folder: String
    private var nodes: [Node]?

    init(_ options: SamplerOptions) {
        folder = "\(options.sysFolder)/devices/system/node"
    }

    /// Appends what there is.
    mutating func read(_ buffer: inout ReadBuffer, into sample: inout HostSample) throws(CounterError) {
        if nodes == nil { nodes = find() }
        guard let count = nodes?.count else { return }
        if count > 0 { sample.append(.nodes, .host, Double(count)) }
        guard count > 1 else { return }
        for place in 0..<count { try nodes?[place].append(&buffer, to: &sample) }
    }

    private func find() -> [Node] {
        // A kernel without NUMA has no such folder.
        ((try? ProcFolder.names(in: folder)) ?? []).compactMap { name in
            guard name.hasPrefix("node"), let number = Int(name.dropFirst(4)) else { return nil }
            return Node(
                number: number, memory: OptionalFile("\(folder)/\(name)/meminfo"),
                allocations: OptionalFile("\(folder)/\(name)/numastat"))
        }
        .sorted { $0.number < $1.number }
    }
}

extension NodeReader.Node {
    fileprivate mutating func append(
        _ buffer: inout ReadBuffer, to sample: inout HostSample
    ) throws(CounterError) {
        if let length = try memory.read(into: &buffer) {
            let memory = try NodeMemory(parsing: buffer.bytes.span.extracting(0..<length), path: self.memory.path)
            if let total = memory.total { sample.append(.nodeMemory, .node(number, "total"), Double(total)) }
            if let free = memory.free { sample.append(.nodeMemory, .node(number, "free"), Double(free)) }
        }
        guard let length = try allocations.read(into: &buffer) else { return }
        let pages = try NodeAllocations(parsing: buffer.bytes.span.extracting(0..<length), path: allocations.path)
        append(.node(number, "hit"), pages.hits, to: &sample)
        append(.node(number, "miss"), pages.misses, to: &sample)
        append(.node(number, "foreign"), pages.foreign, to: &sample)
        append(.node(number, "local"), pages.local, to: &sample)
        append(.node(number, "other"), pages.other, to: &sample)
    }

    private func append(_ subject: SeriesKey.Subject, _ pages: Int64?, to sample: inout HostSample) {
        if let pages { sample.append(.nodeAllocations, subject, Double(pages)) }
    }
}
