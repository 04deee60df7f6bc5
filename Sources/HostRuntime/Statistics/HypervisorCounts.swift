import FleetModel

/// What the kernel counts for a VM and its virtual processors, as `query-stats` gives it (QEMU's qapi/stats.json, since
/// 7.1): a list of results, each `{"provider": "kvm", "qom-path": PATH, "stats": [{"name": N, "value": V}]}`, in which a
/// value is a number, a truth or a histogram. Under TCG the list is empty.
enum HypervisorCounts {
    private typealias Processor = VirtualMachineStatistics.Processor

    /// The kernel's name for each count of a virtual processor that is kept. A later one fills what an earlier one did
    /// not: older kernels count the faults that they answered, and not yet all that they took.
    private static let names: [(name: String, place: any WritableKeyPath<Processor, Int64?> & Sendable)] = [
        ("exits", \.exits), ("halt_exits", \.haltExits), ("halt_wait_ns", \.haltWaitNanoseconds),
        ("halt_poll_success_ns", \.haltPollSuccessNanoseconds), ("halt_poll_fail_ns", \.haltPollFailNanoseconds),
        ("insn_emulation", \.instructionEmulations), ("io_exits", \.inputOutputExits),
        ("mmio_exits", \.memoryMappedExits), ("irq_exits", \.interruptExits), ("pf_taken", \.pageFaults),
        ("pf_fixed", \.pageFaults),
    ]

    /// Asks for the virtual processors, and for no count that would be thrown away.
    static let processorQuery: JSONValue = [
        "target": "vcpu",
        "providers": [["provider": "kvm", "names": .array(names.map { .string($0.name) })]],
    ]

    /// Asks for the VM as a whole; there are some fifteen counts, other ones with every kernel.
    static let machineQuery: JSONValue = ["target": "vm", "providers": [["provider": "kvm"]]]

    /// The number of each virtual processor by its path in QEMU, out of `query-cpus-fast`: results come in any order.
    static func processorNumbers(_ answer: JSONValue) -> [String: Int] {
        var numbers: [String: Int] = [:]
        for processor in answer.fewItems {
            guard let path = processor["qom-path"]?.text, let number = processor["cpu-index"]?.count,
                number < Int64(JSONValue.mostItems)
            else { continue }
            numbers[path] = Int(number)
        }
        return numbers
    }

    /// The virtual processors by number; one whose path is not in `numbers` is left out.
    static func processors(
        _ answer: JSONValue, numbers: [String: Int]
    ) -> [VirtualMachineStatistics.Processor] {
        var known: [Int: Processor] = [:]
        for result in answer.fewItems {
            guard let number = result["qom-path"]?.text.flatMap({ numbers[$0] }) else { continue }
            let counts = counts(of: result)
            var processor = Processor(number: number)
            for (name, place) in names where processor[keyPath: place] == nil {
                processor[keyPath: place] = counts[name]
            }
            known[number] = processor
        }
        return known.values.sorted { $0.number < $1.number }
    }

    /// The counts of the VM as a whole; truths and histograms are none.
    static func machine(_ answer: JSONValue) -> [String: Int64] {
        answer.fewItems.reduce(into: [:]) { all, result in
            all.merge(counts(of: result)) { first, _ in first }
        }
    }

    private static func counts(of result: JSONValue) -> [String: Int64] {
        guard result["provider"]?.text == "kvm", let stats = result["stats"] else { return [:] }
        var counts: [String: Int64] = [:]
        for item in stats.fewItems {
            guard let name = item["name"]?.text, isName(name), let value = item["value"]?.count else { continue }
            counts[name] = value
        }
        return counts
    }

    /// The kernel's names have at most 48 bytes (KVM_STATS_NAME_SIZE), of these kinds.
    private static func isName(_ text: String) -> Bool {
        (1...48).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5f }
    }
}
