import Testing

@testable import Counters

@Suite("Processors, nodes, arrays, sensors and links, read from bytes")
struct HardwareTests {
    @Test func `Intel's processors: sockets, cores and what they can do`() throws {
        let information = try ProcessorInformation(parsing: KernelFile.cpuinfoIntel.bytes.span)
        #expect(information.model == "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz")
        #expect(information.vendor == "GenuineIntel")
        #expect([information.logicalProcessors, information.sockets, information.cores] == [4, 2, 3])
        #expect(
            information.features
                == .init(hasVMX: true, hasSVM: false, hasNX: true, hasEPT: true, hasNPT: false, isGuest: false))
    }

    @Test func `AMD's processors, in a guest`() throws {
        let information = try ProcessorInformation(parsing: KernelFile.cpuinfoAMD.bytes.span)
        #expect(information.vendor == "AuthenticAMD")
        #expect(
            information.features
                == .init(hasVMX: false, hasSVM: true, hasNX: true, hasEPT: false, hasNPT: true, isGuest: true))
    }

    @Test func `arm64 has a maker and a part, and neither sockets nor flags`() throws {
        let information = try ProcessorInformation(parsing: KernelFile.cpuinfoArm.bytes.span)
        #expect(information.model == "Neoverse-N1")
        #expect(information.vendor == "ARM")
        #expect(information.logicalProcessors == 2)
        #expect(information.sockets == nil)
        #expect(information.cores == nil)
        #expect(information.features == nil)
        let strange = "processor : 0\nCPU implementer : 0x99\nCPU part : 0x123\n"
        let other = try ProcessorInformation(parsing: strange.bytes.span)
        #expect(other.vendor == "0x99")
        #expect(other.model == "part 0x123")
    }

    @Test func `s390 counts its processors in its own way`() throws {
        let information = try ProcessorInformation(parsing: KernelFile.cpuinfoS390.bytes.span)
        #expect(information.vendor == "IBM/S390")
        #expect(information.logicalProcessors == 2)
        #expect(information.features == nil)
    }

    @Test(arguments: ["", "model name : x\n", "processors : 4\n"])
    func `a file without processors is refused`(_ text: String) {
        let problem = #expect(throws: CounterError.self) { try ProcessorInformation(parsing: text.bytes.span) }
        #expect(problem?.description == "/proc/cpuinfo:1: expected a line 'processor : 0'")
    }

    @Test func `a node's memory is in bytes, its huge pages in pages`() throws {
        let memory = try NodeMemory(parsing: KernelFile.nodeMemory.bytes.span, path: "node0/meminfo")
        #expect(memory.total == Self.kibibytes(24_684_096))
        #expect(memory.free == Self.kibibytes(11_476_632))
        #expect(memory.used == Self.kibibytes(13_207_464))
        #expect(memory.file == Self.kibibytes(5_957_232))
        #expect(memory.anonymous == Self.kibibytes(6_700_208))
        #expect(memory.shared == Self.kibibytes(8788))
        #expect(memory.kernelReclaimable == Self.kibibytes(242_812))
        #expect([memory.hugePages, memory.hugePagesFree] == [4, 3])
        #expect(throws: CounterError.self) { try NodeMemory(parsing: "MemTotal: 5 kB\n".bytes.span, path: "meminfo") }
    }

    @Test func `a node's allocations, distances and logical processors`() throws {
        let stat = try NodeAllocations(parsing: KernelFile.nodeStat.bytes.span, path: "node0/numastat")
        #expect([stat.hits, stat.misses, stat.foreign, stat.local, stat.other] == [302, 1, 2, 300, 3])
        #expect(throws: CounterError.self) { try NodeAllocations(parsing: "".bytes.span, path: "node0/numastat") }
        #expect(try NodeDistances(parsing: "10 21\n".bytes.span, path: "distance").distances == [10, 21])
        #expect(throws: CounterError.self) { try NodeDistances(parsing: "10 x\n".bytes.span, path: "distance") }
        #expect(throws: CounterError.self) { try NodeDistances(parsing: "\n".bytes.span, path: "distance") }
        #expect(try LogicalProcessorSet(parsing: "0-1,6\n".bytes.span, path: "cpulist").numbers == [0, 1, 6])
        #expect(try LogicalProcessorSet(parsing: "\n".bytes.span, path: "cpulist").numbers.isEmpty)
        let problem = #expect(throws: CounterError.self) {
            try LogicalProcessorSet(parsing: "3-1\n".bytes.span, path: "node0/cpulist")
        }
        #expect(problem?.description == "node0/cpulist:1: expected numbers and ranges such as 0-3,6")
    }

    @Test func `arrays say whether they are whole and what they rebuild`() throws {
        let arrays = try SoftwareArrays(parsing: KernelFile.mdstat.bytes.span).arrays
        #expect(arrays.map(\.name) == ["md0", "md1", "md2", "md3", "md127", "md4"])
        #expect(arrays.map(\.state) == [.active, .active, .readOnly, .active, .inactive, .active])
        #expect(arrays.map(\.level) == ["raid1", "raid5", "raid1", "raid0", nil, "raid6"])
        #expect(arrays.map(\.members) == [3, 3, 2, 2, 1, 4])
        #expect(arrays.map(\.failed) == [1, 0, 0, 0, 0, 0])
        #expect(arrays.map(\.spares) == [1, 0, 0, 0, 1, 0])
        #expect(arrays.map(\.totalDisks) == [2, 3, 2, nil, nil, 4])
        #expect(arrays.map(\.activeDisks) == [1, 2, 2, nil, nil, 4])
        #expect(arrays.first?.blocks == 1_048_512)
        #expect(arrays.map(\.work) == [nil, .recovery, .resync, nil, nil, .check])
        #expect(arrays.map(\.workDone) == [nil, 37_043_392.0 / 292_945_152, nil, nil, nil, 0.99])
    }

    @Test func `a machine without arrays has none, and another file is refused`() throws {
        let none = "Personalities : \nunused devices: <none>\n"
        #expect(try SoftwareArrays(parsing: none.bytes.span).arrays.isEmpty)
        #expect(throws: CounterError.self) { try SoftwareArrays(parsing: "".bytes.span) }
        let problem = #expect(throws: CounterError.self) {
            try SoftwareArrays(parsing: "Personalities :\nmd0 : odd raid1\n".bytes.span)
        }
        #expect(problem?.description == "/proc/mdstat:2: expected a name, a colon and a state")
    }

    @Test func `temperatures are degrees, and what nothing can have is refused`() throws {
        #expect(try Temperature(parsing: "47250\n".bytes.span, path: "temp1_input").celsius == 47.25)
        #expect(try Temperature(parsing: "-5000\n".bytes.span, path: "temp1_input").celsius == -5)
        for text in ["", "x\n", "47 C\n", "-274000\n", "2147483647\n"] {
            #expect(throws: CounterError.self) { try Temperature(parsing: text.bytes.span, path: "temp1_input") }
        }
    }

    @Test func `a sensor's files are told by their names`() {
        #expect(SensorFile(name: "temp1_input")?.number == 1)
        #expect(SensorFile(name: "temp1_input")?.attribute == .input)
        #expect(SensorFile(name: "temp12_crit")?.attribute == .critical)
        #expect(SensorFile(name: "temp2_label")?.number == 2)
        for name in ["temp1_crit_alarm", "fan1_input", "temp_input", "temp1", "temp-1_input", "temp+1_max", ""] {
            #expect(SensorFile(name: name) == nil)
        }
    }

    @Test func `a link's state is put together from its files`() throws {
        var link = LinkState()
        try link.take(.operation, parsing: "up\n".bytes.span, path: "operstate")
        try link.take(.carrier, parsing: "1\n".bytes.span, path: "carrier")
        try link.take(.speed, parsing: "10000\n".bytes.span, path: "speed")
        try link.take(.duplex, parsing: "full\n".bytes.span, path: "duplex")
        #expect(link.operation == .up)
        #expect(link.hasCarrier == true)
        #expect(link.megabitsPerSecond == 10_000)
        #expect(link.duplex == .full)
    }

    @Test(arguments: ["-1\n", "4294967295\n", "65535\n", "0\n"])
    func `a speed that is not known is unknown`(_ text: String) throws {
        var link = LinkState()
        try link.take(.speed, parsing: text.bytes.span, path: "speed")
        try link.take(.duplex, parsing: "unknown\n".bytes.span, path: "duplex")
        #expect(link.megabitsPerSecond == nil)
        #expect(link.duplex == nil)
    }

    @Test func `a link's file that says something else is refused`() {
        var link = LinkState()
        #expect(throws: CounterError.self) { try link.take(.operation, parsing: "odd\n".bytes.span, path: "operstate") }
        #expect(throws: CounterError.self) { try link.take(.carrier, parsing: "yes\n".bytes.span, path: "carrier") }
        #expect(throws: CounterError.self) { try link.take(.speed, parsing: "fast\n".bytes.span, path: "speed") }
        #expect(throws: CounterError.self) { try link.take(.duplex, parsing: "".bytes.span, path: "duplex") }
    }

    private static func kibibytes(_ count: Int64) -> Int64 { count * 1024 }
}
