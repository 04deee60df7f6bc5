import FleetModel
import Testing

@testable import HostRuntime

@Suite("What QEMU says of a running VM, damaged", .timeLimit(.minutes(1))) struct StatisticsDamageTests {
    private static let answers = [
        QEMUAnswers.processors, QEMUAnswers.processorList, QEMUAnswers.machine, QEMUAnswers.silentGuest,
        QEMUAnswers.guest, QEMUAnswers.blocks, QEMUAnswers.blockCounts,
    ]

    private static let odd: [JSONValue] = [
        .null, .integer(.min), .integer(.max), .number(1e300), .number(-0.5), true, "", "\u{1b}[2J\n", [], [:],
        .string(String(repeating: "x", count: 9000)), [[[]]], .integer(-1),
    ]

    @Test(arguments: [1, 2, 3]) func neverLeadsToWhatCannotBe(seed: UInt64) throws {
        var generator = SplitMix(state: seed)
        let values = try Self.answers.map(QEMUAnswers.value) + [QEMUAnswers.network]
        for _ in 0..<200 {
            let damaged = values.map { damage($0, &generator) }
            for value in damaged { check(value, other: damaged.randomElement(using: &generator) ?? .null) }
        }
    }

    @Test func inItsTextIsRefusedOrHarmless() throws {
        var generator = SplitMix(state: 7)
        for answer in Self.answers {
            for _ in 0..<150 {
                var bytes = Array(answer.utf8)
                for _ in 0..<3 {
                    let place = Int.random(in: bytes.indices, using: &generator)
                    bytes[place] = UInt8.random(in: 0...255, using: &generator)
                }
                let line = Array(#"{"id": 1, "return": "#.utf8) + bytes + Array("}".utf8)
                if case .returned(_, let value) = MonitorMessage(line: line) { check(value, other: value) }
            }
        }
    }

    /// Every reader gets every answer: QEMU may say anything to anything.
    private func check(_ value: JSONValue, other: JSONValue) {
        let numbers = HypervisorCounts.processorNumbers(value)
        #expect(numbers.values.allSatisfy { $0 >= 0 && $0 < 1024 })
        let paths = ["/machine/unattached/device[0]": 0, "/machine/unattached/device[2]": 1]
        let processors = HypervisorCounts.processors(value, numbers: numbers.isEmpty ? paths : numbers)
        #expect(processors.allSatisfy { ($0.exits ?? 0) >= 0 && ($0.haltWaitNanoseconds ?? 0) >= 0 })
        #expect(HypervisorCounts.machine(value).allSatisfy { !$0.key.contains("\"") && $0.value >= 0 })
        #expect((BalloonReading.size(value) ?? .zero) >= .zero)
        let view = BalloonReading.guestView(value, now: Timestamp(milliseconds: 1_795_648_687_000))
        #expect((view?.total ?? .zero) >= .zero && (view?.available ?? .zero) >= .zero)
        let described = BlockReading.descriptions(value)
        for disk in BlockReading.disks(described, counts: other) {
            #expect(!disk.name.isEmpty && (disk.capacity ?? .zero) >= .zero && (disk.backingImages ?? 0) >= 0)
            #expect((disk.reads?.count ?? 0) >= 0 && !(disk.path ?? "").contains("\n"))
        }
        _ = BlockReading.snapshots(of: described)
        for found in NetworkReading.interfaces(value) {
            #expect(!found.interface.name.isEmpty && found.tap.map(TapTraffic.isInterface) != false)
        }
    }

    /// `value` with some of its parts replaced, removed, or moved to where they do not belong.
    private func damage(_ value: JSONValue, _ generator: inout SplitMix) -> JSONValue {
        let fate = Int.random(in: 0..<40, using: &generator)
        if fate < 4 { return Self.odd.randomElement(using: &generator) ?? .null }
        switch value {
        case .object(var members):
            for key in members.keys.sorted() { members[key] = members[key].map { damage($0, &generator) } }
            if fate == 39, let key = members.keys.sorted().randomElement(using: &generator) { members[key] = nil }
            return .object(members)
        case .array(let items):
            let damaged = items.map { damage($0, &generator) }
            return .array(fate == 38 ? damaged + damaged : damaged)
        case .string(let text) where fate == 37:
            return .string(String(text.shuffled(using: &generator)))
        default: return value
        }
    }
}
