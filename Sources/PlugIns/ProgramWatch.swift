import CLinux
import FleetModel
import Glibc

/// Sees a program to its end: gives it its request, reads what it says, and ends it and all that came of it when it takes
/// too long, prints too much or becomes too many.
struct ProgramWatch: ~Copyable {
    private let process: ProgramProcess
    private let limits: ProgramPlugIn.Limits
    private let clock: ProgramPlugIn.Clock
    private let deadline: ContinuousClock.Instant
    private var family: ProcessFamily
    private var output: PlugInOutput
    private var errors: [UInt8] = []
    private var errorCount = 0
    private var input: ArraySlice<UInt8>
    private var isInputOpen = true
    private var isOutputOpen = true
    private var areErrorsOpen = true
    /// What waitpid said of it; `nil` while it lives.
    private var status: Int32?

    init(
        _ process: consuming ProgramProcess, token: String, input: [UInt8], limits: ProgramPlugIn.Limits,
        clock: @escaping ProgramPlugIn.Clock, deadline: ContinuousClock.Instant
    ) {
        family = ProcessFamily(head: process.identifier, token: token, isKept: process.isGuarded)
        self.process = process
        self.limits = limits
        self.clock = clock
        self.deadline = deadline
        self.input = input[...]
        var bounds = PlugInOutput.Limits()
        bounds.bytes = limits.output
        output = PlugInOutput(limits: bounds)
    }

    deinit { if isInputOpen { close(process.input) } }

    mutating func untilTheEnd(
        isCancelled: () -> Bool, _ progress: (PlugInProgress) -> Void
    ) -> PlugInResult {
        var nextLook = ContinuousClock.now
        var objection: String?
        while status == nil && objection == nil {
            exchange(progress)
            reap()
            let now = ContinuousClock.now
            if clock() >= deadline { objection = "it was stopped: it took longer than it may" }
            if isCancelled() { objection = "it was stopped: it was called off" }
            if let reason = output.objection { objection = "it was stopped: \(reason)" }
            if errorCount > limits.output { objection = "it was stopped: it printed too much on standard error" }
            if objection == nil, status == nil, now >= nextLook {
                nextLook = now + limits.look
                let count = family.living().count
                if count > limits.processes {
                    objection = "it was stopped: \(count) processes came of it, and \(limits.processes) may"
                }
            }
        }
        if objection != nil { askToEnd() }
        // What a program leaves behind ends with it, too.
        let isClean = family.kill()
        reapAtLast()
        drain(progress)
        return result(objection, isClean: isClean)
    }

    // MARK: Talking

    /// Writes and reads what can be, waiting a moment for it.
    private mutating func exchange(_ progress: (PlugInProgress) -> Void) {
        var polls = [
            pollfd(fd: isOutputOpen ? process.output : -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: areErrorsOpen ? process.errors : -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: isInputOpen ? process.input : -1, events: Int16(POLLOUT), revents: 0),
        ]
        if unsafe poll(&polls, 3, 20) <= 0 { return }
        if polls[2].revents != 0 { write() }
        if polls[0].revents != 0 { readOutput(progress) }
        if polls[1].revents != 0 { readErrors() }
    }

    /// A program that does not read its request is none the worse for it.
    private mutating func write() {
        let part = Array(input.prefix(4096))
        let count = unsafe part.withUnsafeBytes { unsafe Glibc.write(process.input, $0.baseAddress, $0.count) }
        if count > 0 { input = input.dropFirst(count) }
        if input.isEmpty || count < 0 && errno != EAGAIN && errno != EINTR {
            close(process.input)
            isInputOpen = false
        }
    }

    private mutating func readOutput(_ progress: (PlugInProgress) -> Void) {
        guard let bytes = Self.read(process.output, isOpen: &isOutputOpen) else { return }
        for step in output.receive(bytes) { progress(step) }
    }

    /// The end of what it says on standard error is kept for the reason of a failure.
    private mutating func readErrors() {
        guard let bytes = Self.read(process.errors, isOpen: &areErrorsOpen) else { return }
        errorCount += bytes.count
        errors = Array((errors + bytes).suffix(2000))
    }

    private static func read(_ descriptor: Int32, isOpen: inout Bool) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 16 << 10)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
        if count > 0 { return Array(bytes.prefix(count)) }
        if count == 0 || errno != EAGAIN && errno != EINTR { isOpen = false }
        return nil
    }

    /// What is left in the pipes when nobody writes to them any more.
    private mutating func drain(_ progress: (PlugInProgress) -> Void) {
        var rounds = 0
        while isOutputOpen || areErrorsOpen, rounds < 200, output.objection == nil {
            let before = (isOutputOpen, areErrorsOpen)
            if isOutputOpen { readOutput(progress) }
            if areErrorsOpen { readErrors() }
            rounds += 1
            if before == (isOutputOpen, areErrorsOpen), errno == EAGAIN { break }
        }
        if let last = output.finish() { progress(last) }
    }

    // MARK: Ending

    private mutating func reap() {
        var code: Int32 = 0
        if unsafe waitpid(process.identifier, &code, WNOHANG) == process.identifier { status = code }
    }

    /// Asks all of it to end, and gives it some time.
    private mutating func askToEnd() {
        for member in family.living() { Glibc.kill(member, SIGTERM) }
        reap(within: limits.grace)
    }

    /// It is dead by now, or cannot be killed, which the kernel alone can help.
    private mutating func reapAtLast() { reap(within: .seconds(5)) }

    /// Waits for its end. Its number is its own until it is reaped, so the descriptor is of no other process.
    private mutating func reap(within limit: Duration) {
        let end = ContinuousClock.now + limit
        let descriptor = linux_pidfd_open(process.identifier)
        defer { if descriptor >= 0 { close(descriptor) } }
        reap()
        while status == nil, ContinuousClock.now < end {
            // Readable once it has ended; where no descriptor is to be had, a look every now and then.
            let left = Int32(clamping: (end - ContinuousClock.now).milliseconds + 1)
            var polls = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)]
            _ = unsafe poll(&polls, 1, descriptor >= 0 ? left : min(left, 10))
            reap()
        }
    }

    private func result(_ objection: String?, isClean: Bool) -> PlugInResult {
        if let objection {
            return .failed(objection + (isClean ? "" : "; some of its processes could not be ended"))
        }
        if let reason = output.objection { return .failed(reason) }
        let code = status ?? 0
        let (signal, exit) = (code & 0x7f, (code >> 8) & 0xff)
        guard signal == 0, exit == 0 else {
            let how = signal == 0 ? "it ended with exit code \(exit)" : "it was killed by signal \(signal)"
            if case .failed(let reason) = output.result { return .failed(reason) }
            let words = Self.lastLine(errors)
            return .failed(how + (words.isEmpty ? "" : ": \(words)"))
        }
        return output.result ?? .failed("it ended without saying how it went")
    }

    private static func lastLine(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        let line = text.split(whereSeparator: \.isNewline).last { !$0.allSatisfy(\.isWhitespace) } ?? ""
        return String(line.unicodeScalars.suffix(300).map { $0.value < 0x20 ? " " : Character($0) })
    }
}
