import Foundation

/// A part of Evenkeel that runs as a process of its own. It ends when its standard input does, so it never outlives
/// whoever started it, however that dies.
final class FleetProcess: Sendable {
    let name: String
    let log: String
    private let process: Process
    private let input: FileHandle

    /// Starts `executable`; what it prints is added to the file `log`.
    init(_ name: String, executable: String, arguments: [String], log: String) throws {
        self.name = name
        self.log = log
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.standardInput = pipe
        let output = try Self.appending(to: log)
        process.standardOutput = output
        process.standardError = output
        do {
            try process.run()
        } catch {
            throw CommandFailure(.environment, "cannot start the \(name): \(error.localizedDescription)")
        }
        self.process = process
        input = pipe.fileHandleForWriting
    }

    var identifier: Int32 { process.processIdentifier }
    var isRunning: Bool { process.isRunning }

    /// Writes a line to its standard input.
    func tell(_ line: String) throws {
        try input.write(contentsOf: Data((line + "\n").utf8))
    }

    /// Tells it to end and returns when it has.
    func end() {
        try? input.close()
        process.waitUntilExit()
    }

    /// Kills it as a crash would: it gets no chance to put anything in order.
    func kill() {
        _ = Foundation.kill(identifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Throws with the end of its log when it has ended by itself.
    func requireRunning() throws {
        guard !isRunning else { return }
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        let tail = text.split(separator: "\n").suffix(5).joined(separator: "\n  ")
        throw CommandFailure(.environment, "the \(name) ended by itself:\n  \(tail)")
    }

    private static func appending(to path: String) throws -> FileHandle {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw CommandFailure(.environment, "cannot write \(path): \(unsafe String(cString: strerror(errno)))")
        }
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }
}
