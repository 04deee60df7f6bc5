/// Finds the QEMU processes of a host that no provider has named, by their command lines.
///
/// Looking into every process with every look would cost more than all other readers together. So a process is looked
/// at when its number is new and a few looks longer, since a process forks before it becomes QEMU, and all are looked
/// at again once in a while, since numbers are used again. Where the kernel says that no process has begun since the
/// last look (the last number it gave, at the end of `/proc/loadavg`), the list of processes is not even read.
struct MachineFinder: Sendable {
    private static let youngLooks = 15
    private static let fullRoundLooks = 60

    private let folder: String
    private var newest: OptionalFile
    private var lastNumber: Int64?
    private var looksAfterBirth = 0
    private var ages: [Int32: Int] = [:]
    private var look = 0

    init(_ options: SamplerOptions) {
        folder = options.procFolder
        newest = OptionalFile("\(options.procFolder)/loadavg")
    }

    /// The QEMU processes among those that are due for a look, `known` ones left out.
    mutating func find(
        except known: [MachineProcess], _ buffer: inout ReadBuffer
    ) throws(CounterError) -> [(process: Int32, commandLine: QEMUCommandLine)] {
        look += 1
        let isFullRound = look % Self.fullRoundLooks == 0
        guard isFullRound || hasNews(&buffer) else { return [] }
        var found: [(process: Int32, commandLine: QEMUCommandLine)] = []
        var next: [Int32: Int] = [:]
        for process in try ProcFolder.numbers(in: folder) {
            let age = ages[process] ?? 0
            next[process] = min(age + 1, Self.youngLooks)
            guard age < Self.youngLooks || isFullRound, !known.contains(where: { $0.process == process }) else {
                continue
            }
            // A process that ended meanwhile, or that may not be looked at, is none of ours.
            guard let file = try? ProcFile("\(folder)/\(process)/cmdline"),
                let length = try? file.readStart(into: &buffer),
                let commandLine = QEMUCommandLine(parsing: buffer.bytes.span.extracting(0..<length))
            else { continue }
            found.append((process, commandLine))
        }
        ages = next
        return found
    }

    /// Whether a process has begun lately; unknown counts as yes.
    private mutating func hasNews(_ buffer: inout ReadBuffer) -> Bool {
        let number = lastProcess(&buffer)
        if number == nil || number != lastNumber { looksAfterBirth = 0 } else { looksAfterBirth += 1 }
        lastNumber = number
        return looksAfterBirth < Self.youngLooks
    }

    private mutating func lastProcess(_ buffer: inout ReadBuffer) -> Int64? {
        guard let length = (try? newest.read(into: &buffer)) ?? nil else { return nil }
        let bytes = buffer.bytes.span.extracting(0..<length)
        var place = 0
        for _ in 0..<4 where !bytes.skipWord(&place) { return nil }
        return bytes.counter(&place)
    }
}
