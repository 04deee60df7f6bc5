import FleetModel
import Testing

@testable import HostAgent

@Suite("The spool")
struct SpoolTests {
    private func batch(_ number: Int, length: Int = 8) -> [UInt8] {
        (0..<length).map { UInt8(truncatingIfNeeded: number &* 31 &+ $0) }
    }

    private func limits(bytes: Int = 1 << 20, segment: Int = 120, unsaved: Int = 600) -> Spool.Limits {
        var limits = Spool.Limits()
        limits.bytes = bytes
        limits.segmentBytes = segment
        limits.unsaved = unsaved
        return limits
    }

    private func append(_ numbers: ClosedRange<Int>, to spool: inout Spool) {
        for number in numbers { spool.append(batch(number), time: Timestamp(milliseconds: Int64(number))) }
    }

    /// Takes everything out in order and says what it was, by the batches' times.
    private func drain(_ spool: inout Spool) throws -> [Int64] {
        var times: [Int64] = []
        while let record = try spool.next() {
            #expect(record.payload == batch(Int(record.time.milliseconds)))
            times.append(record.time.milliseconds)
            spool.delivered(record.sequence)
        }
        return times
    }

    @Test func `gives batches in order, each until it is delivered`() throws {
        var spool = try Spool(MemoryDisk(), limits: limits())
        append(1...50, to: &spool)
        #expect(spool.waiting == 50)
        #expect(try spool.next() == spool.next())
        #expect(try drain(&spool) == Array(1...50))
        #expect(spool.waiting == 0)
        #expect(try spool.next() == nil)
    }

    @Test(arguments: [0, 1, 7, 49, 50])
    func `goes on after a restart where it was`(_ delivered: Int) throws {
        let disk = MemoryDisk()
        var spool = try Spool(disk, limits: limits())
        append(1...50, to: &spool)
        for _ in 0..<delivered { spool.delivered(try #require(try spool.next()).sequence) }
        var again = try Spool(disk.copy(), limits: limits())
        #expect(again.waiting == 50 - delivered)
        append(51...55, to: &again)
        #expect(try drain(&again) == Array((delivered + 1)...55).map(Int64.init))
    }

    @Test func `sends again what it cannot know to be delivered, and loses nothing`() throws {
        let disk = MemoryDisk()
        var spool = try Spool(disk, limits: limits())
        append(1...9, to: &spool)
        for _ in 0..<5 { spool.delivered(try #require(try spool.next()).sequence) }
        disk.files[Spool.positionName] = nil
        var again = try Spool(disk, limits: limits())
        let times = try drain(&again)
        #expect(Array(times.suffix(4)) == [6, 7, 8, 9])
        #expect(times == times.sorted())
    }

    @Test func `a tail torn at any byte loses the torn batch and nothing else`() throws {
        let disk = MemoryDisk()
        var spool = try Spool(disk, limits: limits(segment: 1_000))
        append(1...3, to: &spool)
        let name = Spool.segmentName(1)
        let whole = disk.read(name)
        let record = whole.count / 3
        for length in 0..<whole.count {
            let torn = disk.copy()
            torn.files[name] = Array(whole.prefix(length))
            var again = try Spool(torn, limits: limits(segment: 1_000))
            append(9...9, to: &again)
            #expect(try drain(&again) == Array([1, 2, 3].prefix(length / record)) + [9])
        }
    }

    @Test func `a bit that flips anywhere is found, and what stands before it is kept`() throws {
        let disk = MemoryDisk()
        var spool = try Spool(disk, limits: limits(segment: 1_000))
        append(1...3, to: &spool)
        let name = Spool.segmentName(1)
        let whole = disk.read(name)
        let record = whole.count / 3
        for bit in 0..<whole.count * 8 {
            let damaged = disk.copy()
            damaged.files[name]?[bit / 8] ^= 1 << UInt8(bit % 8)
            var again = try Spool(damaged, limits: limits(segment: 1_000))
            #expect(try drain(&again) == Array([1, 2, 3].prefix(bit / 8 / record)))
        }
    }

    @Test func `beyond its limit the oldest batches are dropped and counted`() throws {
        let disk = MemoryDisk()
        var spool = try Spool(disk, limits: limits(bytes: 400))
        append(1...100, to: &spool)
        let held = disk.files.filter { $0.key.hasSuffix(".spool") }.values.reduce(0) { $0 + $1.count }
        #expect(held <= 400)
        let dropped = spool.dropped
        let times = try drain(&spool)
        #expect(dropped + times.count == 100)
        #expect(times == Array(Int64(dropped + 1)...100))
    }

    @Test func `a full disk keeps batches in memory and takes them as soon as there is room`() throws {
        let disk = MemoryDisk()
        var spool = try Spool(disk, limits: limits())
        append(1...4, to: &spool)
        disk.capacity = disk.files.values.reduce(0) { $0 + $1.count } + 10
        append(5...8, to: &spool)
        #expect(spool.problem?.isDiskFull == true)
        #expect(spool.waiting == 8)
        disk.capacity = .max
        append(9...9, to: &spool)
        #expect(spool.problem == nil)
        var again = try Spool(disk.copy(), limits: limits())
        #expect(try drain(&again) == Array(1...9))
    }

    @Test func `on a full disk what is delivered makes room for what waits`() throws {
        let disk = MemoryDisk()
        var spool = try Spool(disk, limits: limits(segment: 1_000))
        append(1...4, to: &spool)
        disk.capacity = disk.files.values.reduce(0) { $0 + $1.count } + 30
        append(5...6, to: &spool)
        #expect(spool.problem != nil)
        for _ in 1...4 { spool.delivered(try #require(try spool.next()).sequence) }
        #expect(spool.problem == nil)
        var again = try Spool(disk.copy(), limits: limits())
        #expect(try drain(&again) == [5, 6])
    }

    @Test func `a full disk does not stop delivery`() throws {
        let disk = MemoryDisk()
        var spool = try Spool(disk, limits: limits())
        disk.capacity = 0
        append(1...5, to: &spool)
        #expect(try drain(&spool) == [1, 2, 3, 4, 5])
        disk.capacity = .max
        append(6...6, to: &spool)
        var again = try Spool(disk.copy(), limits: limits())
        #expect(try drain(&again) == [6])
    }

    @Test func `a disk that can neither write nor cut does not hide later batches behind a torn one`() throws {
        let disk = MemoryDisk()
        var spool = try Spool(disk, limits: limits(segment: 1_000))
        append(1...2, to: &spool)
        disk.capacity = disk.files.values.reduce(0) { $0 + $1.count } + 10
        disk.isTruncating = false
        append(3...3, to: &spool)
        disk.capacity = .max
        disk.isTruncating = true
        append(4...4, to: &spool)
        var again = try Spool(disk.copy(), limits: limits(segment: 1_000))
        #expect(try drain(&again) == [1, 2, 3, 4])
    }

    @Test func `memory has a bound, and what passes it is counted as lost`() throws {
        let disk = MemoryDisk()
        disk.capacity = 0
        var spool = try Spool(disk, limits: limits(unsaved: 20))
        append(1...100, to: &spool)
        #expect(try drain(&spool) == Array(81...100))
        #expect(spool.dropped == 80)
    }

    @Test func `a refused batch is set aside for a person and never blocks the rest`() throws {
        let disk = MemoryDisk()
        var spool = try Spool(disk, limits: limits())
        append(1...40, to: &spool)
        for number in 1...39 {
            let record = try #require(try spool.next())
            if number % 2 == 0 { spool.setAside(record) } else { spool.delivered(record.sequence) }
        }
        #expect(spool.refused == 19)
        let kept = disk.files.keys.filter { $0.hasPrefix("refused-") }.sorted()
        #expect(kept.count == Spool.Limits().refused)
        #expect(disk.files[Spool.refusedName(38)] == batch(38))
        #expect(try drain(&spool) == [40])
    }

    @Test(arguments: 0..<100 as Range<UInt64>, [false, true])
    func `whatever happens, batches come in order, and each comes or is counted as lost`(
        _ seed: UInt64, _ restarts: Bool
    ) throws {
        var generator = SeededGenerator(seed: seed)
        var disk = MemoryDisk()
        let limits = limits(bytes: 600, segment: 100, unsaved: 5)
        var spool = try Spool(disk, limits: limits)
        var next = 1
        var newest: Int64 = 0
        var received: Set<Int64> = []
        func take() throws -> Bool {
            guard let record = try spool.next() else { return false }
            // Only what a restart could not know to be delivered comes twice.
            let time = record.time.milliseconds
            #expect(time > newest || restarts && received.contains(time))
            newest = max(newest, time)
            received.insert(time)
            spool.delivered(record.sequence)
            return true
        }
        for _ in 0..<400 {
            switch Int.random(in: 0..<20, using: &generator) {
            case 0..<10:
                append(next...next, to: &spool)
                next += 1
            case 10..<18:
                _ = try take()
            case 18:
                disk.capacity = Bool.random(using: &generator) ? .max : Int.random(in: 0...700, using: &generator)
            default:
                guard restarts else { continue }
                disk = disk.copy()
                spool = try Spool(disk, limits: limits)
            }
        }
        disk.capacity = .max
        while try take() {}
        #expect(received.isSubset(of: Set(1..<Int64(next))))
        if !restarts { #expect(received.count + spool.dropped == next - 1) }
    }

    @Test func `a folder of the file system does the same, and has one owner`() throws {
        let folder = TemporaryFolder()
        do {
            var spool = try Spool(FolderDisk(folder.path), limits: limits())
            append(1...30, to: &spool)
            for _ in 0..<10 { spool.delivered(try #require(try spool.next()).sequence) }
            let problem = #expect(throws: AgentError.self) { try FolderDisk(folder.path) }
            #expect(problem == .folderInUse(path: folder.path))
        }
        var again = try Spool(FolderDisk(folder.path), limits: limits())
        #expect(try drain(&again) == Array(11...30))
    }
}
