import Delivery
import Counters
import FleetModel
import HTTPClient
import MetricsWire
import Testing

@testable import HostAgent

@Suite("Parts of the agent")
struct AgentPartsTests {
    @Test func `the checksum is Castagnoli's`() {
        #expect(CRC32C.checksum(of: Array("123456789".utf8).span) == 0xe306_9283)
        #expect(CRC32C.checksum(of: [UInt8](repeating: 0, count: 32).span) == 0x8a91_36aa)
    }

    @Test func `whatever bytes stand in a file, whole records are found and nothing else`() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<2_000 {
            let length = Int.random(in: 0...60, using: &generator)
            let noise = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
            var bytes: [UInt8] = []
            RecordFrame.append([1, 2, 3], to: &bytes)
            let (payloads, valid) = RecordFrame.scan(bytes + noise)
            #expect(payloads.first == [1, 2, 3])
            #expect(valid >= bytes.count)
        }
    }

    @Test(arguments: [
        (200, PushVerdict.delivered), (204, .delivered), (400, .refused("status 400: why")),
        (403, .later("status 403: why", after: .seconds(7))), (422, .refused("status 422: why")),
        (401, .later("status 401: why", after: .seconds(7))), (404, .later("status 404: why", after: .seconds(7))),
        (429, .later("status 429: why", after: .seconds(7))), (500, .later("status 500: why", after: .seconds(7))),
        (503, .later("status 503: why", after: .seconds(7))), (301, .later("status 301: why", after: .seconds(7))),
    ])
    func `a status says what becomes of a batch`(_ status: Int, _ verdict: PushVerdict) {
        let response = HTTPResponse(
            url: "u", status: status, headers: [(name: "retry-after", value: "7")], body: Array("why".utf8))
        #expect(PushVerdict(response) == verdict)
    }

    @Test(arguments: [
        (#"{"status":"error","error":"the series {__name__=\"m\"} is not this sender's"}"#, true),
        (#"{"status":"error","error":"operator x may not speak for host 'kvm1'"}"#, false), ("<html>", false),
        ("", false),
    ])
    func `a batch is set aside as forbidden only where the store names a series`(_ body: String, _ isRefused: Bool) {
        let verdict = PushVerdict(HTTPResponse(url: "u", status: 403, body: Array(body.utf8)))
        if case .refused = verdict { #expect(isRefused) } else { #expect(!isRefused) }
    }

    @Test func `back-off doubles up to its bound and is never the same for two agents`() {
        let backoff = Backoff(first: .milliseconds(500), longest: .seconds(60))
        var generator = SeededGenerator(seed: 3)
        #expect(backoff.span(failures: 0, using: &generator) == .zero)
        for failures in 1...100 {
            let whole = min(500 * (1 << min(failures - 1, 30)), 60_000)
            let span = backoff.span(failures: failures, using: &generator).milliseconds
            #expect((Int64(whole / 2)...Int64(whole)).contains(span))
        }
        let spans = Set((0..<100).map { _ in backoff.span(failures: 8, using: &generator) })
        #expect(spans.count > 90)
    }

    @Test func `a series that is gone ends with a staleness marker, once`() throws {
        var recorder = SampleRecorder(host: try #require(HostName("h")), cluster: try #require(ClusterName("c")))
        let id = try #require(VirtualMachineID("00000000-0000-4000-8000-000000000001"))
        let memory = CounterReading(SeriesKey(.memory), 5)
        let machine = CounterReading(SeriesKey(.machineMemory, .machine(id)), 7)
        func decode(_ readings: [CounterReading], _ time: Int64, name: String = "web") throws -> [String: Double] {
            let body = recorder.encode(readings, names: [id: name], time: Timestamp(milliseconds: time))
            let bytes = try Snappy.decompress(body, limit: 1 << 20)
            return try RemoteWriteText.decode(bytes, time: time)
        }
        let host = #"evenkeel_host_memory_bytes{cluster="c", host="h"}"#
        let web =
            #"evenkeel_vm_memory_bytes{cluster="c", host="h", name="web", vm="00000000-0000-4000-8000-000000000001"}"#
        #expect(try decode([memory, machine], 1) == [host: 5, web: 7])
        let second = try decode([memory], 2)
        #expect(second.count == 2)
        #expect(second[web].map(Staleness.isMarker) == true)
        #expect(try decode([memory], 3) == [host: 5])
        #expect(try decode([memory, machine], 4) == [host: 5, web: 7])
        let renamed = try decode([memory, machine], 5, name: "shop")
        #expect(renamed.count == 3)
        #expect(renamed[web].map(Staleness.isMarker) == true)
    }

    @Test func `series that come and go for ever do not pile up`() throws {
        var recorder = SampleRecorder(host: try #require(HostName("h")), cluster: try #require(ClusterName("c")))
        var generator = SeededGenerator(seed: 1)
        var last: [UInt8] = []
        for time in 1...3_000 as ClosedRange<Int64> {
            let id = VirtualMachineID.random(using: &generator)
            last = recorder.encode(
                [CounterReading(SeriesKey(.machineMemory, .machine(id)), 7)], names: [id: "vm"],
                time: Timestamp(milliseconds: time))
        }
        let series = try RemoteWriteText.decode(Snappy.decompress(last, limit: 1 << 20), time: 3_000)
        #expect(series.count == 2, "the one that is there and the one that has just ended")
    }

    @Test func `a journal gives back what was written, but for a torn end`() throws {
        let disk = MemoryDisk()
        var journal = try CommandJournal(disk)
        let entries: [CommandJournalEntry] = [
            .begun(CommandInboxTests.command(1)), .answered(1, .state(.running)), .delivered(1),
            .begun(CommandInboxTests.command(2)), .answered(2, .failed("no room on \"disk\"")),
        ]
        for entry in entries { try journal.append(entry) }
        #expect(try CommandJournal(disk.copy()).entries == entries)
        let whole = disk.read("commands.journal")
        for length in 0..<whole.count {
            let torn = disk.copy()
            torn.files["commands.journal"] = Array(whole.prefix(length))
            var again = try CommandJournal(torn)
            #expect(again.entries == Array(entries.prefix(again.entries.count)))
            try again.append(.delivered(2))
            #expect(try CommandJournal(torn).entries.last == .delivered(2))
        }
    }

    @Test func `a journal on a full disk refuses an entry and takes it when there is room`() throws {
        let disk = MemoryDisk()
        var journal = try CommandJournal(disk)
        try journal.append(.delivered(1))
        disk.capacity = disk.read("commands.journal").count + 5
        #expect(throws: AgentError.self) { try journal.append(.delivered(2)) }
        disk.capacity = .max
        try journal.append(.delivered(3))
        #expect(try CommandJournal(disk).entries == [.delivered(1), .delivered(3)])
        try journal.compact(to: [.delivered(3)])
        try journal.append(.delivered(4))
        #expect(try CommandJournal(disk).entries == [.delivered(3), .delivered(4)])
    }
}
