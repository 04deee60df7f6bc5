import FleetModel
import Glibc

/// The open files of one VM's process and what they said in this sample.
struct MachineProcess: Sendable {
    /// A thread's files.
    private struct Task: Sendable {
        let id: Int32
        let stat: ProcFile
        /// `nil` where the kernel has none.
        let scheduler: ProcFile?
        /// Whether it can run on one logical processor only, as of the last look.
        var isPinned = false
        /// What share of time it ran, and waited, by the second.
        var busy = ShareOfTime()
        var waiting = ShareOfTime()
    }

    /// Time of one virtual processor since its thread began.
    struct VirtualProcessor: Sendable {
        /// Where its thread is in `tasks`.
        fileprivate var task: Int
        /// Its number; -1 where one thread runs all of them.
        var number: Int
        /// Seconds on a logical processor.
        var runSeconds: Double
        /// Seconds inside guest code, as the kernel counts it under KVM.
        var guestSeconds: Double
        /// Seconds in user mode: under TCG, those inside guest code.
        var userSeconds: Double
        /// Seconds ready to run without one; `nil` where the kernel does not say.
        var waitSeconds: Double?
        /// How often it was put on one; `nil` where the kernel does not say.
        var dispatches: Int64?
    }

    let process: Int32
    /// When the process started, in ticks since the machine started.
    let start: Int64
    /// What runs the guest's code, as far as known.
    var accelerator: Accelerator?
    /// Seconds that the whole process has run since it started, its ended threads included.
    private(set) var runSeconds = 0.0
    /// Memory of the host that the process holds.
    private(set) var residentMemory = Bytes.zero
    /// Its virtual processors, as far as its threads have names.
    private(set) var virtualProcessors: [VirtualProcessor] = []
    /// Its control group, where it has one to itself.
    private(set) var group: MachineGroup?
    /// What its command line says of it.
    let commandLine: QEMUCommandLine?
    private let folder: String
    private let stat: ProcFile
    private let memory: ProcFile
    private var tasks: [Task] = []
    private var samplesUntilLook = 0
    private static let samplesBetweenLooks = 60
    private static let mostProcessors = 1024
    /// More threads of one process are not looked at: each holds two descriptors.
    private static let mostTasks = 2048
    private static let pageSize = Int64(sysconf(Int32(_SC_PAGESIZE)))

    /// Opens the files of `process`; throws when it has ended or may not be looked at.
    init(
        _ process: Int32, accelerator: Accelerator?, commandLine: QEMUCommandLine?, options: SamplerOptions,
        buffer: inout ReadBuffer
    ) throws(CounterError) {
        self.process = process
        self.accelerator = accelerator
        if let commandLine {
            self.commandLine = commandLine
        } else {
            self.commandLine = try Self.commandLine(of: process, options, &buffer)
        }
        folder = "\(options.procFolder)/\(process)"
        stat = try ProcFile("\(folder)/stat")
        memory = try ProcFile("\(folder)/statm")
        let length = try stat.read(into: &buffer)
        start = try TaskStat(parsing: buffer.bytes.span.extracting(0..<length), path: stat.path).start
        group = MachineGroup(process, options, buffer: &buffer)
    }

    private static func commandLine(
        of process: Int32, _ options: SamplerOptions, _ buffer: inout ReadBuffer
    ) throws(CounterError) -> QEMUCommandLine? {
        let length = try ProcFile("\(options.procFolder)/\(process)/cmdline").readStart(into: &buffer)
        return QEMUCommandLine(parsing: buffer.bytes.span.extracting(0..<length))
    }

    /// Reads everything anew and appends the threads to `threads` and, where it is counted, where their time went to
    /// `uses`; throws when the process has ended.
    mutating func read(
        into threads: inout [MachineThread], uses: inout [MachineUse], isForeign: Bool, nanoseconds: Int64,
        buffer: inout ReadBuffer
    ) throws(CounterError) {
        var length = try stat.read(into: &buffer)
        let whole = try TaskStat(parsing: buffer.bytes.span.extracting(0..<length), path: stat.path)
        runSeconds = Double(whole.user + whole.system) / 100
        length = try memory.read(into: &buffer)
        let pages = try ProcessMemory(parsing: buffer.bytes.span.extracting(0..<length), path: memory.path)
        residentMemory = Bytes(pages.residentPages * Self.pageSize)
        if min(whole.threads, Self.mostTasks) != tasks.count { try findTasks() }
        if samplesUntilLook == 0 { lookForPins(&buffer) }
        samplesUntilLook -= 1
        let first = threads.count
        if readTasks(into: &threads, isForeign: isForeign, nanoseconds: nanoseconds, buffer: &buffer) == false {
            // A thread has ended and another has begun since: once more with those that are there now.
            threads.removeSubrange(first...)
            try findTasks()
            _ = readTasks(into: &threads, isForeign: isForeign, nanoseconds: nanoseconds, buffer: &buffer)
        }
        settleNature(of: &threads, from: first)
        readGroup(into: &threads, from: first, uses: &uses, buffer: &buffer)
    }

    private mutating func readGroup(
        into threads: inout [MachineThread], from first: Int, uses: inout [MachineUse], buffer: inout ReadBuffer
    ) {
        group?.read(&buffer)
        if let run = group?.runNanoseconds { runSeconds = Double(run) / 1e9 }
        guard let counted = group?.processorNanoseconds, !counted.isEmpty else { return }
        for place in first..<threads.count { threads[place].use = uses.count }
        uses.append(MachineUse(process: process, nanoseconds: counted))
    }

    /// Looks which threads can run on one logical processor only: seldom, since the file is long and somebody must have
    /// pinned them for it to change.
    private mutating func lookForPins(_ buffer: inout ReadBuffer) {
        samplesUntilLook = Self.samplesBetweenLooks
        for place in tasks.indices {
            tasks[place].isPinned = false
            guard let file = try? ProcFile("\(folder)/task/\(tasks[place].id)/status"),
                let length = try? file.read(into: &buffer)
            else { continue }
            tasks[place].isPinned = AllowedProcessors.isOne(buffer.bytes.span.extracting(0..<length))
        }
    }

    /// Appends what its control group alone knows.
    mutating func appendGroup(_ machine: VirtualMachineID, _ buffer: inout ReadBuffer, to sample: inout HostSample) {
        group?.append(.machine(machine), machine, &buffer, to: &sample)
    }

    /// The interval's figures of a virtual processor, and begins the next one.
    mutating func finishShares(
        of processor: VirtualProcessor
    ) -> (busy: ShareOfTime.Summary?, waiting: ShareOfTime.Summary?) {
        guard tasks.indices.contains(processor.task) else { return (nil, nil) }
        return (tasks[processor.task].busy.finish(), tasks[processor.task].waiting.finish())
    }

    /// Opens threads that are new and closes those that are gone.
    private mutating func findTasks() throws(CounterError) {
        let ids = try ProcFolder.numbers(in: "\(folder)/task").prefix(Self.mostTasks)
        var kept: [Task] = []
        for id in ids {
            if let known = tasks.first(where: { $0.id == id }) {
                kept.append(known)
            } else if let stat = try? ProcFile("\(folder)/task/\(id)/stat") {
                // A kernel without schedstat has no such file; ticks are the measure then.
                kept.append(Task(id: id, stat: stat, scheduler: try? ProcFile("\(folder)/task/\(id)/schedstat")))
            }
        }
        tasks = kept
        samplesUntilLook = 0
    }

    /// Reads every thread; `false` when one of them has ended.
    private mutating func readTasks(
        into threads: inout [MachineThread], isForeign: Bool, nanoseconds: Int64, buffer: inout ReadBuffer
    ) -> Bool {
        var allAlive = true
        virtualProcessors.removeAll(keepingCapacity: true)
        for place in tasks.indices {
            guard let length = try? tasks[place].stat.read(into: &buffer),
                let stat = try? TaskStat(
                    parsing: buffer.bytes.span.extracting(0..<length), path: tasks[place].stat.path)
            else {
                allAlive = false
                continue
            }
            let scheduler = Self.scheduler(of: tasks[place], buffer: &buffer)
            note(stat, scheduler, task: place, nanoseconds: nanoseconds)
            var thread = MachineThread(
                id: tasks[place].id, stat: stat, runNanoseconds: scheduler?.runNanoseconds, nature: .opaque,
                isForeign: isForeign)
            thread.isPinned = tasks[place].isPinned
            threads.append(thread)
        }
        return allAlive
    }

    private static func scheduler(of task: Task, buffer: inout ReadBuffer) -> SchedulerStat? {
        guard let file = task.scheduler, let length = try? file.read(into: &buffer) else { return nil }
        return try? SchedulerStat(parsing: buffer.bytes.span.extracting(0..<length), path: file.path)
    }

    private mutating func note(_ stat: TaskStat, _ scheduler: SchedulerStat?, task: Int, nanoseconds: Int64) {
        switch stat.role {
        case .hardwareProcessor(let number), .translatedProcessor(let number):
            // Threads may give themselves any name: each virtual processor counts once, and QEMU has no more than these.
            guard number < Self.mostProcessors, !virtualProcessors.contains(where: { $0.number == number }) else {
                return
            }
            let run = scheduler?.runNanoseconds ?? (stat.user + stat.system) * ThreadLedger.tick
            tasks[task].busy.take(part: run, whole: nanoseconds)
            if let scheduler { tasks[task].waiting.take(part: scheduler.waitNanoseconds, whole: nanoseconds) }
            virtualProcessors.append(
                VirtualProcessor(
                    task: task, number: number, runSeconds: Double(run) / 1e9,
                    guestSeconds: Double(stat.guest) / 100, userSeconds: Double(stat.user) / 100,
                    waitSeconds: scheduler.map { Double($0.waitNanoseconds) / 1e9 },
                    dispatches: scheduler?.dispatches))
        case .other:
            break
        }
    }

    /// Decides how the time of each thread divides, now that all their names are known.
    private func settleNature(of threads: inout [MachineThread], from first: Int) {
        var isTranslated = false
        var isHardware = accelerator == .kvm
        for place in first..<threads.count {
            switch threads[place].stat.role {
            case .translatedProcessor: isTranslated = true
            case .hardwareProcessor: isHardware = true
            case .other: isHardware = isHardware || threads[place].stat.guest > 0
            }
        }
        // A machine that has only just begun has no vCPU threads yet; one that has worked for a while without showing
        // any does not name its threads.
        let isOpaque = !isTranslated && (accelerator == nil || runSeconds >= 1)
        for place in first..<threads.count {
            if isHardware && !isTranslated {
                threads[place].nature = .hardware
            } else if case .translatedProcessor = threads[place].stat.role {
                threads[place].nature = .translator
            } else {
                threads[place].nature = isOpaque ? .opaque : .support
            }
        }
    }
}
