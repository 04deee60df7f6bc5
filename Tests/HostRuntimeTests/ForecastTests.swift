import FleetModel
import Testing

@testable import HostRuntime

@Suite("What a migration is foretold to take") struct ForecastTests {
    private let memory = Bytes.gibibytes(1)

    /// A guest that changes `rate` of its memory a second until it has changed all of `set`.
    private func survey(rate: Double, set: Double, zero: Double = 0) -> MemorySurvey {
        let changes = [50, 150, 500, 1500].map {
            MemorySurvey.Change(milliseconds: $0, share: min(set, rate * Double($0) / 1000))
        }
        return MemorySurvey(
            time: Timestamp(milliseconds: 0), pages: 2048, zeroShares: [Double](repeating: zero, count: 16),
            changes: changes)
    }

    private func forecast(
        _ survey: MemorySurvey, _ method: MigrationMethod = MigrationMethod(), bandwidth: Bytes = .mebibytes(100),
        downtime: Int = 300
    ) -> MigrationForecast {
        MigrationForecaster(
            memory: memory, survey: survey,
            conditions: MigrationConditions(
                bandwidth: bandwidth, downtimeLimitMilliseconds: downtime, timeLimitSeconds: 600)
        ).forecast(method)
    }

    @Test func anIdleGuestTakesItsMemoryOverTheBandwidth() throws {
        let idle = forecast(survey(rate: 0, set: 0))
        #expect(try (9_500...10_500).contains(#require(idle.totalMilliseconds)))
        #expect(try #require(idle.downtimeMilliseconds) < 100)
        #expect(idle.passes == 2)
    }

    @Test func pagesOfZerosCostNearlyNothing() throws {
        let half = try #require(forecast(survey(rate: 0, set: 0, zero: 0.5)).totalMilliseconds)
        #expect((4_500...6_500).contains(half))
    }

    @Test func aBusyGuestTakesLongerAndOneThatWritesFasterThanTheNetworkTakesDoesNotEnd() throws {
        let idle = try #require(forecast(survey(rate: 0, set: 0)).totalMilliseconds)
        let busy = try #require(forecast(survey(rate: 0.05, set: 1)).totalMilliseconds)
        #expect(busy > idle * 3 / 2)
        #expect(forecast(survey(rate: 0.2, set: 1)).totalMilliseconds == nil)
    }

    @Test func aGuestThatWritesToASmallPartOverAndOverEndsOnceThatFitsTheDowntime() throws {
        // 2 % of 1 GiB are 20 MiB, and 300 ms of 100 MiB/s are 30 MiB.
        let small = forecast(survey(rate: 5, set: 0.02))
        #expect(small.totalMilliseconds != nil)
        #expect(forecast(survey(rate: 5, set: 0.05)).totalMilliseconds == nil)
        #expect(forecast(survey(rate: 5, set: 0.05), downtime: 1000).totalMilliseconds != nil)
    }

    @Test func slowingTheGuestDownLetsItEndAndSaysForHowLongItIsKeptFromRunning() throws {
        let slowed = forecast(survey(rate: 0.2, set: 1), MigrationMethod(autoConverge: true))
        #expect(slowed.totalMilliseconds != nil)
        #expect(slowed.throttleMilliseconds >= 10)
    }

    @Test func postCopyEndsWhateverTheGuestWrites() throws {
        let wild = forecast(survey(rate: 5, set: 1), MigrationMethod(postCopy: true))
        #expect(try (30_000...50_000).contains(#require(wild.totalMilliseconds)))
        #expect(try #require(wild.downtimeMilliseconds) < 50)
    }

    @Test(arguments: [
        [], [MemorySurvey.Change(milliseconds: 0, share: 1)], [.init(milliseconds: -5, share: .nan)],
        [.init(milliseconds: 100, share: .infinity), .init(milliseconds: 50, share: -3)],
        [.init(milliseconds: .max, share: 7)],
    ])
    func aSurveyThatMakesNoSenseEndsAllTheSame(_ changes: [MemorySurvey.Change]) {
        let odd = MemorySurvey(
            time: Timestamp(milliseconds: 0), pages: 0, zeroShares: [.nan, -1, 9], changes: changes)
        for method in [MigrationMethod(), MigrationMethod(kind: .quick), MigrationMethod(postCopy: true)] {
            #expect(forecast(odd, method).passes >= 1)
        }
    }

    @Test func theCurveGoesThroughWhatWasSeenAndNeverFalls() {
        let seen = MemorySurvey(
            time: Timestamp(milliseconds: 0), pages: 100, zeroShares: [0],
            changes: [
                .init(milliseconds: 50, share: 0.1), .init(milliseconds: 150, share: 0.2),
                .init(milliseconds: 500, share: 0.3),
            ])
        let curve = DirtyCurve(seen, memory: Bytes(1000))
        #expect(curve.bytes(after: 0) == 0)
        #expect(curve.bytes(after: 0.05) == 100)
        #expect(curve.bytes(after: 0.1) == 150)
        var last = 0.0
        for step in 0..<200 {
            let next = curve.bytes(after: Double(step) / 20)
            #expect(next >= last && next <= 1000)
            last = next
        }
        // The rises get smaller, so it comes to rest below all of memory.
        #expect(curve.bytes(after: 1e6) < 600)
    }

    @Test func experienceBringsForecastsCloser() throws {
        var experience = MigrationExperience()
        let foretold = MigrationForecast(
            totalMilliseconds: 1000, downtimeMilliseconds: 40, transferred: .mebibytes(100), remainder: .mebibytes(30),
            passes: 3)
        let before = experience.network
        for _ in 0..<20 {
            experience.learn(
                foretold,
                MigrationFigures(totalMilliseconds: 1260, downtimeMilliseconds: 300, transferred: .mebibytes(100)))
        }
        // 30 MiB in 300 ms.
        #expect((100.0...115.0).contains(experience.network / 1_048_576))
        #expect(experience.network < before)
        #expect((0.2...0.21).contains(try #require(experience.totalError)))
        #expect(try #require(experience.downtimeError) > 1)
    }

    /// QEMU looked once more before it halted the guest, so that less was left: the network is no faster for it.
    @Test func aMoveThatEndedAtAnotherMomentTellsNothingOfTheNetwork() {
        var experience = MigrationExperience()
        let before = experience
        experience.learn(
            MigrationForecast(
                totalMilliseconds: 230, downtimeMilliseconds: 40, transferred: .mebibytes(40),
                remainder: .mebibytes(20), passes: 2),
            MigrationFigures(totalMilliseconds: 310, downtimeMilliseconds: 6, transferred: .mebibytes(40)))
        #expect(experience.network == before.network)
        #expect(experience.switchMilliseconds == before.switchMilliseconds)
    }

    @Test func blocksOfMemoryAreAddedUp() {
        let text = """
                          Block Name    PSize              Offset               Used              Total
                              pc.ram    4 KiB  0x0000000000000000 0x0000000004000000 0x0000000004000000
               0000:00:01.0/vga.vram    4 KiB  0x0000000004080000 0x0000000001000000 0x0000000001000000
                /rom@etc/acpi/tables    4 KiB  0x0000000005100000 0x0000000000020000 0x0000000000200000
            """
        let answer: JSONValue = ["human-readable-text": .string(text)]
        #expect(RAMBlockReading.used(answer) == .mebibytes(80) + Bytes(128 << 10))
        #expect(RAMBlockReading.used(["human-readable-text": "odd\nBlock 0x1 0xffffffffffffffff 0x1"]) == nil)
        let two = "a 0x1 0x7fffffffffffffff 0x1\nb 0x1 0x7fffffffffffffff 0x1"
        #expect(RAMBlockReading.used(["human-readable-text": .string(two)]) == nil)
        #expect(RAMBlockReading.used(.null) == nil)
    }

    @Test func theMapShowsWhereTheGuestsMemoryIs() {
        let map = """
            560000000000-560000100000 r-xp 00000000 00:00 0  /usr/bin/qemu-system-x86_64
            7f0000000000-7f0001000000 rwxp 00000000 00:00 0
            7f1000000000-7f1001800000 rw-p 00000000 00:00 0
            7f2000000000-7f2001000000 rw-p 00000000 00:00 0
            7f3000000000-7f3000001000 ---p 00000000 00:00 0
            zz-7f4000000000 rw-p
            7f4000000000-7f3000000000 rw-p 0 0 0
            """
        let found = GuestMemoryMap.range(of: .mebibytes(16), in: Array(map.utf8))
        #expect(found == 0x7f20_0000_0000..<0x7f20_0100_0000)
        #expect(GuestMemoryMap.range(of: .mebibytes(20), in: Array(map.utf8)) == 0x7f10_0000_0000..<0x7f10_0180_0000)
        #expect(GuestMemoryMap.range(of: .mebibytes(64), in: Array(map.utf8)) == nil)
        #expect(GuestMemoryMap.range(of: .zero, in: Array(map.utf8)) == nil)
        #expect(GuestMemoryMap.range(of: .mebibytes(16), in: []) == nil)
    }
}

@Suite("How a VM is to move") struct MigrationPlannerTests {
    private func choice(
        rate: Double, set: Double = 1, memory: Bytes = .gibibytes(1), bandwidth: Bytes? = .mebibytes(100),
        policy: MigrationPolicy = MigrationPolicy(), postCopy: Bool = true, folder: String? = nil,
        wanted: MigrationMethod? = nil
    ) -> ChosenMigration {
        let changes = [50, 150, 500, 1500].map {
            MemorySurvey.Change(milliseconds: $0, share: min(set, rate * Double($0) / 1000))
        }
        let survey = MemorySurvey(
            time: Timestamp(milliseconds: 0), pages: 2048, zeroShares: [0], changes: changes)
        let host = HostCapabilities(canPostCopy: postCopy, sharedFolder: folder)
        let situation = MigrationPlanner.Situation(
            memory: memory, survey: survey, source: host, destination: host, conditions: MigrationConditions(),
            bandwidthLimit: bandwidth)
        return MigrationPlanner(situation, policy).choose(wanted)
    }

    @Test func whatConvergesGoesByPreCopy() {
        #expect(choice(rate: 0.01).method == MigrationMethod())
        #expect(choice(rate: 0.01, memory: .gibibytes(8), bandwidth: .gibibytes(4)).method.channels > 0)
    }

    @Test func whatDoesNotConvergeGoesByPostCopyWhereThatIsAllowedAndPossible() {
        let allowed = MigrationPolicy(postCopy: true)
        #expect(choice(rate: 5, policy: allowed).method == MigrationMethod(postCopy: true))
        #expect(!choice(rate: 5, policy: allowed, postCopy: false).method.postCopy)
        let refused = choice(rate: 5)
        #expect(!refused.method.postCopy)
        #expect(refused.reasons.contains { $0.contains("post-copy is not allowed") })
    }

    @Test func aGuestThatSlowingDownHelpsIsSlowedDownAndOneThatItDoesNotIsSavedAndRestoredWhereAllowed() {
        #expect(choice(rate: 0.15).method == MigrationMethod(autoConverge: true))
        // It writes all of its memory many times a second, however slowed down.
        let wild = choice(
            rate: 5000, bandwidth: .mebibytes(4), policy: MigrationPolicy(quick: true), folder: "/srv/shared")
        #expect(wild.method == MigrationMethod(kind: .quick))
        #expect(choice(rate: 5000, bandwidth: .mebibytes(4), policy: MigrationPolicy(quick: true)).method.autoConverge)
    }

    @Test func withoutALookAtItsMemoryNothingIsForetold() {
        let situation = MigrationPlanner.Situation(
            memory: .gibibytes(1), survey: nil, source: nil, destination: nil, conditions: MigrationConditions())
        let blind = MigrationPlanner(situation, MigrationPolicy(postCopy: true)).choose()
        #expect(blind.forecast == nil && blind.method == MigrationMethod(autoConverge: true))
    }

    @Test func theLowestLimitHoldsAndTheTimeLimitLeavesTwiceWhatIsExpected() throws {
        let host = HostCapabilities(migrationBandwidth: .mebibytes(10))
        let survey = MemorySurvey(
            time: Timestamp(milliseconds: 0), pages: 2048, zeroShares: [0],
            changes: [.init(milliseconds: 100, share: 0)])
        let situation = MigrationPlanner.Situation(
            memory: .gibibytes(4), survey: survey, source: HostCapabilities(migrationBandwidth: .mebibytes(50)),
            destination: host, conditions: MigrationConditions(), bandwidthLimit: .mebibytes(100))
        let chosen = MigrationPlanner(situation, MigrationPolicy()).choose()
        #expect(chosen.bandwidthLimit == .mebibytes(10))
        let expected = try #require(chosen.forecast?.totalMilliseconds)
        #expect(expected > 380_000 && chosen.timeLimitSeconds >= expected * 2 / 1000)
    }

    @Test func somebodysOwnChoiceIsTaken() {
        let chosen = choice(rate: 0.01, wanted: MigrationMethod(kind: .quick))
        #expect(chosen.method.kind == .quick && chosen.forecast != nil && chosen.reasons == ["it was asked for"])
    }
}
