import Glibc

/// Asks the file systems on disks how full they are, once a minute. Those of networks are not asked, for one whose
/// server is gone would not answer.
struct FileSystemReader: Sendable {
    private let options: SamplerOptions
    private var known = SlowReadings()

    init(_ options: SamplerOptions) {
        self.options = options
    }

    /// Appends what there is.
    mutating func read(
        _ buffer: inout ReadBuffer, nanoseconds: Int64, into sample: inout HostSample
    ) throws(CounterError) {
        if known.isDue(nanoseconds) {
            known.begin(nanoseconds)
            do throws(CounterError) {
                try look(&buffer)
            } catch {
                known.problem = error
            }
        }
        try known.append(to: &sample)
    }

    private mutating func look(_ buffer: inout ReadBuffer) throws(CounterError) {
        var file = OptionalFile("\(options.procFolder)/self/mounts")
        guard let length = try file.read(into: &buffer) else { return }
        let table = try MountTable(parsing: buffer.bytes.span.extracting(0..<length), path: file.path)
        for mount in table.diskFileSystems { try Self.append(mount, options, to: &known.found) }
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
