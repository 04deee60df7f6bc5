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
    }

    /// Time of one virtual processor since its thread began.
    struct VirtualProcessor: Hashable, Sendable {
        /// Its number; -1 where one thread runs all of them.
        var number: Int
        /// Seconds on a logical processor.
        var runSeconds: Double
        /// Seconds in guest code; of a thread under KVM what the kernel counted, whether it can see it or not.
        var guestSeconds: Double
        /// Whether its guest is translated, so that what the kernel sees is guest code for certain.
        var isTranslated: Bool
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
    private let folder: String
    private let stat: ProcFile
    private let memory: ProcFile
    private var tasks: [Task] = []
    private static let pageSize = Int64(sysconf(Int32(_SC_PAGESIZE)))

    /// Opens the files of `process` under `root`; throws when it has ended or may not be looked at.
    init(
        _ process: Int32, accelerator: Accelerator?, root: String, buffer: inout ReadBuffer
    ) throws(CounterError) {
        self.process = process
        self.accelerator = accelerator
        folder = "\(root)/\(process)"
        stat = try ProcFile("\(folder)/stat")
        memory = try ProcFile("\(folder)/statm")
        let length = try stat.read(into: &buffer)
        start = try TaskStat(parsing: buffer.bytes.span.extracting(0..<length), path: stat.path).start
    }

    /// Reads everything anew and appends the threads to `threads`; throws when the process has ended.
    mutating func read(
        into threads: inout [MachineThread], isForeign: Bool, buffer: inout ReadBuffer
    ) throws(CounterError) {
        var length = try stat.read(into: &buffer)
        let whole = try TaskStat(parsing: buffer.bytes.span.extracting(0..<length), path: stat.path)
        runSeconds = Double(whole.user + whole.system) / 100
        length = try memory.read(into: &buffer)
        let pages = try ProcessMemory(parsing: buffer.bytes.span.extracting(0..<length), path: memory.path)
        residentMemory = Bytes(pages.residentPages * Self.pageSize)
        if whole.threads != tasks.count { try findTasks() }
        let first = threads.count
        if readTasks(into: &threads, isForeign: isForeign, buffer: &buffer) == false {
            // A thread has ended and another has begun since: once more with those that are there now.
            threads.removeSubrange(first...)
            try findTasks()
            _ = readTasks(into: &threads, isForeign: isForeign, buffer: &buffer)
        }
        settleNature(of: &threads, from: first)
    }

    /// Opens threads that are new and closes those that are gone.
    private mutating func findTasks() throws(CounterError) {
        let ids = try ProcFolder.numbers(in: "\(folder)/task")
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
    }

    /// Reads every thread; `false` when one of them has ended.
    private mutating func readTasks(
        into threads: inout [MachineThread], isForeign: Bool, buffer: inout ReadBuffer
    ) -> Bool {
        var allAlive = true
        virtualProcessors.removeAll(keepingCapacity: true)
        for task in tasks {
            guard let length = try? task.stat.read(into: &buffer),
                let stat = try? TaskStat(parsing: buffer.bytes.span.extracting(0..<length), path: task.stat.path)
            else {
                allAlive = false
                continue
            }
            let scheduler = Self.scheduler(of: task, buffer: &buffer)
            note(stat, scheduler)
            threads.append(
                MachineThread(
                    id: task.id, stat: stat, runNanoseconds: scheduler?.runNanoseconds, nature: .opaque,
                    isForeign: isForeign))
        }
        return allAlive
    }

    private static func scheduler(of task: Task, buffer: inout ReadBuffer) -> SchedulerStat? {
        guard let file = task.scheduler, let length = try? file.read(into: &buffer) else { return nil }
        return try? SchedulerStat(parsing: buffer.bytes.span.extracting(0..<length), path: file.path)
    }

    private mutating func note(_ stat: TaskStat, _ scheduler: SchedulerStat?) {
        switch stat.role {
        case .hardwareProcessor(let number): note(number, guest: stat.guest, isTranslated: false, stat, scheduler)
        case .translatedProcessor(let number): note(number, guest: stat.user, isTranslated: true, stat, scheduler)
        case .other: break
        }
    }

    private mutating func note(
        _ number: Int, guest: Int64, isTranslated: Bool, _ stat: TaskStat, _ scheduler: SchedulerStat?
    ) {
        let run = scheduler.map { Double($0.runNanoseconds) / 1e9 } ?? Double(stat.user + stat.system) / 100
        virtualProcessors.append(
            VirtualProcessor(
                number: number, runSeconds: run, guestSeconds: Double(guest) / 100, isTranslated: isTranslated,
                waitSeconds: scheduler.map { Double($0.waitNanoseconds) / 1e9 }, dispatches: scheduler?.dispatches))
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
