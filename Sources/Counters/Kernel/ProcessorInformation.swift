/// `/proc/cpuinfo`: what the host's processors are (Linux `arch/x86/kernel/cpu/proc.c`, `arch/arm64/kernel/cpuinfo.c`).
/// Read once, for the host's make-up. What an architecture does not say is `nil`: arm64 knows neither sockets nor
/// these flags there.
public struct ProcessorInformation: Hashable, Sendable {
    /// What x86 processors can do, by the flags of the first of them.
    public struct Features: Hashable, Sendable {
        /// Intel's virtualisation, VT-x (`vmx`).
        public var hasVMX: Bool
        /// AMD's virtualisation, AMD-V (`svm`).
        public var hasSVM: Bool
        /// Pages that hold no code: EDP or NX (`nx`).
        public var hasNX: Bool
        /// Intel's page tables for guests (`ept`).
        public var hasEPT: Bool
        /// AMD's page tables for guests (`npt`).
        public var hasNPT: Bool
        /// This machine is a guest itself (`hypervisor`).
        public var isGuest: Bool
    }

    /// The processors' name: `Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz`, `Neoverse-N1`, `POWER9, altivec supported`.
    public var model: String?
    /// Who made them: `GenuineIntel`, `AuthenticAMD`, `ARM`.
    public var vendor: String?
    /// Logical processors online.
    public var logicalProcessors = 0
    /// Sockets with a logical processor online.
    public var sockets: Int?
    /// Cores with a logical processor online.
    public var cores: Int?
    /// What they can do.
    public var features: Features?

    /// Reads the file's content; throws where no processor is in it.
    public init(parsing bytes: Span<UInt8>, path: String = "/proc/cpuinfo") throws(CounterError) {
        var topology = Topology()
        var identity = ArmIdentity()
        var place = 0
        while place < bytes.count {
            let line = bytes.line(from: place)
            if let colon = bytes.firstPlace(of: .colon, in: line) {
                let key = Self.trimmed(bytes, line.lowerBound..<colon)
                let value = Self.trimmed(bytes, colon + 1..<line.upperBound)
                take(bytes, key, value)
                topology.take(bytes, key, value)
                identity.take(bytes, key, value)
            }
            place = bytes.lineEnd(from: place)
        }
        if logicalProcessors == 0 { throw .malformed(path: path, line: 1, expected: "a line 'processor : 0'") }
        sockets = topology.sockets.isEmpty ? nil : topology.sockets.count
        cores = topology.cores.isEmpty ? nil : topology.cores.count
        vendor = vendor ?? identity.vendor
        model = model ?? identity.model
    }

    private mutating func take(_ bytes: Span<UInt8>, _ key: Range<Int>, _ value: Range<Int>) {
        // s390 writes `processor 0: version = FF, ...`, all others `processor : 0`.
        if bytes.holds("processor", in: key) || bytes.hasPrefix("processor ", at: key.lowerBound) {
            logicalProcessors += 1
        } else if bytes.holds("model name", in: key) || bytes.holds("cpu", in: key), model == nil, !value.isEmpty {
            model = bytes.text(value)
        } else if bytes.holds("vendor_id", in: key), vendor == nil, !value.isEmpty {
            vendor = bytes.text(value)
        } else if bytes.holds("flags", in: key), features == nil {
            features = Features(bytes, value)
        } else if bytes.holds("vmx flags", in: key), Features.contains("ept", bytes, value) {
            features?.hasEPT = true
        }
    }

    private static func trimmed(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end, bytes[start] == .space || bytes[start] == .tab { start += 1 }
        while end > start, bytes[end - 1] == .space || bytes[end - 1] == .tab { end -= 1 }
        return start..<end
    }

    /// Which socket and core each logical processor belongs to; x86 gives both numbers.
    private struct Topology {
        struct Core: Hashable {
            let socket: Int
            let number: Int
        }

        private(set) var sockets: Set<Int> = []
        private(set) var cores: Set<Core> = []
        private var current: Int?

        mutating func take(_ bytes: Span<UInt8>, _ key: Range<Int>, _ value: Range<Int>) {
            var place = value.lowerBound
            if bytes.holds("processor", in: key) {
                current = nil
            } else if bytes.holds("physical id", in: key), let socket = bytes.index(&place) {
                current = socket
                sockets.insert(socket)
            } else if bytes.holds("core id", in: key), let socket = current, let number = bytes.index(&place) {
                cores.insert(Core(socket: socket, number: number))
            }
        }
    }
}

extension ProcessorInformation.Features {
    /// The words of the line `flags`.
    fileprivate init(_ bytes: Span<UInt8>, _ words: Range<Int>) {
        self.init(
            hasVMX: Self.contains("vmx", bytes, words), hasSVM: Self.contains("svm", bytes, words),
            hasNX: Self.contains("nx", bytes, words), hasEPT: Self.contains("ept", bytes, words),
            hasNPT: Self.contains("npt", bytes, words), isGuest: Self.contains("hypervisor", bytes, words))
    }

    fileprivate static func contains(_ flag: StaticString, _ bytes: Span<UInt8>, _ words: Range<Int>) -> Bool {
        var place = words.lowerBound
        while let word = bytes.word(&place) {
            if bytes.holds(flag, in: word) { return true }
        }
        return false
    }
}
