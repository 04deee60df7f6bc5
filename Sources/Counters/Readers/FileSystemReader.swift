import Dispatch
import FleetModel
import Glibc

/// Asks the file systems on disks how full they are, once a minute. Those of networks are not asked, for one whose
/// server is gone would not answer. A disk may not answer either: so the question is asked beside the sampling, and a
/// sample waits for the answer a moment at the most.
struct FileSystemReader: Sendable {
    private static let patience: Duration = .milliseconds(200)
    private let desk: FileSystemDesk
    private var known = SlowReadings()
    private var isWaiting = false

    init(_ options: SamplerOptions) {
        desk = FileSystemDesk(options)
    }

    /// Appends what there is.
    mutating func read(
        _ buffer: inout ReadBuffer, nanoseconds: Int64, into sample: inout HostSample
    ) throws(CounterError) {
        if known.isDue(nanoseconds), !isWaiting {
            desk.ask()
            isWaiting = true
            known.hasBegun(nanoseconds)
            desk.wait(Self.patience)
        }
        if isWaiting {
            if let answer = desk.take() {
                isWaiting = false
                known.found = answer.found
                known.problem = answer.problem
            } else {
                known.problem = .system(call: "statvfs", path: "a file system", errno: ETIMEDOUT)
            }
        }
        try known.append(to: &sample)
    }
}

/// Asks file systems on a thread of its own, which one that does not answer may hold for as long as it likes.
final class FileSystemDesk: Sendable {
    struct Answer: Sendable {
        var found = HostSample()
        var problem: CounterError?
    }

    private let options: SamplerOptions
    private let queue = DispatchQueue(label: "evenkeel.file-systems")
    private let answered = DispatchSemaphore(value: 0)
    private let answer = Locked<Answer?>(nil)

    init(_ options: SamplerOptions) {
        self.options = options
    }

    /// Asks all of them; not to be called again before the answer was taken.
    func ask() {
        // An answer that came too late to be waited for has left its signal.
        while answered.wait(timeout: .now()) == .success {}
        queue.async { [self] in
            var new = Answer()
            do throws(CounterError) {
                try Self.look(options, into: &new.found)
            } catch {
                new.problem = error
            }
            answer.withLock { $0 = new }
            answered.signal()
        }
    }

    /// Waits for the answer, but no longer than `limit`.
    func wait(_ limit: Duration) {
        _ = answered.wait(timeout: .now() + limit.inSeconds)
    }

    /// The answer, once.
    func take() -> Answer? {
        answer.withLock { answer in
            defer { answer = nil }
            return answer
        }
    }

    private static func look(_ options: SamplerOptions, into sample: inout HostSample) throws(CounterError) {
        var buffer = ReadBuffer()
        var file = OptionalFile("\(options.procFolder)/self/mounts")
        guard let length = try file.read(into: &buffer) else { return }
        let table = try MountTable(parsing: buffer.bytes.span.extracting(0..<length), path: file.path)
        for mount in table.diskFileSystems { try append(mount, options, to: &sample) }
    }

    private static func append(
        _ mount: MountTable.Mount, _ options: SamplerOptions, to sample: inout HostSample
    ) throws(CounterError) {
        var figures = statvfs()
        let path = options.rootFolder + mount.mountPoint
        guard unsafe statvfs(path, &figures) == 0 else {
            // Unmounted since, or in a folder that is not for us to see.
            if errno == ENOENT || errno == EACCES { return }
            throw .system(call: "statvfs", path: path, errno: errno)
        }
        let subject = SeriesKey.Subject.parts([mount.mountPoint, mount.device, mount.type])
        let block = Double(figures.f_frsize)
        sample.append(.fileSystemSize, subject, Double(figures.f_blocks) * block)
        sample.append(.fileSystemAvailable, subject, Double(figures.f_bavail) * block)
        sample.append(.fileSystemReadOnly, subject, mount.isReadOnly ? 1 : 0)
        // Some file systems make room for files as they go and say 0.
        guard figures.f_files > 0 else { return }
        sample.append(.fileSystemFiles, subject, Double(figures.f_files))
        sample.append(.fileSystemFilesFree, subject, Double(figures.f_ffree))
    }
}
