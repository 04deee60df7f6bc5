import Glibc

/// Reads what the host is made of, once a minute: a processor may be brought online, the rest changes with a restart.
struct MakeUpReader: Sendable {
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
        var file = OptionalFile("\(options.procFolder)/cpuinfo")
        guard let length = try file.read(into: &buffer) else { return }
        let information = try ProcessorInformation(
            parsing: buffer.bytes.span.extracting(0..<length), path: file.path)
        let kernel = try Self.kernel(options, &buffer)
        known.found.append(.hostInformation, .parts(Self.labels(information, kernel, options)), 1)
        if let sockets = information.sockets { known.found.append(.sockets, .host, Double(sockets)) }
        if let cores = information.cores { known.found.append(.cores, .host, Double(cores)) }
    }

    private static func kernel(_ options: SamplerOptions, _ buffer: inout ReadBuffer) throws(CounterError) -> String {
        var file = OptionalFile("\(options.procFolder)/sys/kernel/osrelease")
        guard let length = try file.read(into: &buffer) else { return "" }
        return try SingleValue.text(parsing: buffer.bytes.span.extracting(0..<length), path: file.path)
    }

    /// The values of the labels of `evenkeel_host_info`, in the catalogue's order; empty for what is not known.
    private static func labels(
        _ information: ProcessorInformation, _ kernel: String, _ options: SamplerOptions
    ) -> [String] {
        let features = information.features
        let virtualization = features.map { $0.hasVMX ? "vmx" : $0.hasSVM ? "svm" : "none" }
        let paging = features.map { $0.hasEPT ? "ept" : $0.hasNPT ? "npt" : "none" }
        return [
            kernel, architecture, information.vendor ?? "", information.model ?? "", virtualization ?? "", paging ?? "",
            features.map { $0.hasNX ? "1" : "0" } ?? "", ControlGroups(options.sysFolder).version,
            options.versions.emulator ?? "", options.versions.libvirt ?? "",
        ]
    }

    private static var architecture: String {
        var names = utsname()
        guard unsafe uname(&names) == 0 else { return "" }
        return unsafe withUnsafePointer(to: &names.machine) { text in
            unsafe text.withMemoryRebound(to: CChar.self, capacity: 65) { unsafe String(cString: $0) }
        }
    }
}
