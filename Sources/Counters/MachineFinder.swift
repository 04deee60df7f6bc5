/// Finds the QEMU processes of a host that no provider has named, by their command lines.
///
/// Looking into every process with every sample would cost more than all other readers together. So a process is looked
/// at when its number is new and a few samples longer, since a process forks before it becomes QEMU, and all are looked
/// at again once in a while, since numbers are used again.
struct MachineFinder: Sendable {
    private static let youngSamples = 3
    private static let fullRoundSamples = 60

    private var ages: [Int32: Int] = [:]
    private var sample = 0

    /// The QEMU processes under `root` among those that are due for a look, `known` ones left out.
    mutating func find(
        in root: String, except known: Set<Int32>, buffer: inout ReadBuffer
    ) throws(CounterError) -> [(process: Int32, commandLine: QEMUCommandLine)] {
        sample += 1
        let isFullRound = sample % Self.fullRoundSamples == 0
        var found: [(process: Int32, commandLine: QEMUCommandLine)] = []
        var next: [Int32: Int] = [:]
        for process in try ProcFolder.numbers(in: root) {
            let age = ages[process] ?? 0
            next[process] = min(age + 1, Self.youngSamples)
            guard age < Self.youngSamples || isFullRound, !known.contains(process) else { continue }
            // A process that ended meanwhile, or that may not be looked at, is none of ours.
            guard let file = try? ProcFile("\(root)/\(process)/cmdline"), let length = try? file.read(into: &buffer),
                let commandLine = QEMUCommandLine(parsing: buffer.bytes.span.extracting(0..<length))
            else { continue }
            found.append((process, commandLine))
        }
        ages = next
        return found
    }
}
