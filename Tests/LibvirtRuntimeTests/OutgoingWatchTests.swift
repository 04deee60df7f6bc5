import FleetModel
import Testing

@testable import LibvirtRuntime

@Suite("Watching a domain leave") struct OutgoingWatchTests {
    private let begin = ContinuousClock.now
    private let id: VirtualMachineID

    init() {
        var generator = SystemRandomNumberGenerator()
        id = .random(using: &generator)
    }

    private func watch(_ method: MigrationMethod = MigrationMethod()) -> OutgoingWatch {
        OutgoingWatch(
            OutgoingMigration(virtualMachine: id, destination: "", timeLimitSeconds: 10, method: method), since: begin)
    }

    private func reading(_ pass: Int64, left: Int64, type: Int32 = 2, throttle: Int64 = 0) -> JobReading {
        JobReading(
            type: type,
            [
                Parameter("operation", .signed(5)), Parameter("memory_iteration", .unsigned(UInt64(pass))),
                Parameter("data_remaining", .unsigned(UInt64(left))), Parameter("data_processed", .unsigned(100)),
                Parameter("auto_converge_throttle", .signed(throttle)), Parameter("errmsg", .text("no\n room")),
            ])
    }

    private func step(
        _ watch: inout OutgoingWatch, _ reading: JobReading, _ place: VirtualMachineState = .outgoing,
        cancelled: Bool = false, after seconds: Int = 1
    ) -> OutgoingWatch.Step {
        watch.receive(reading, place, isCancelled: cancelled, at: begin + .seconds(seconds))
    }

    @Test func downtimeIsLimitedOnceAndNothingElseIsDone() {
        var watch = watch()
        #expect(step(&watch, JobReading(type: 0, []), .running) == .wait)
        #expect(step(&watch, reading(1, left: 100)) == .limitDowntime)
        for pass in 2..<9 { #expect(step(&watch, reading(Int64(pass), left: 100)) == .wait) }
    }

    @Test func postCopyBeginsWhenAPassLeavesNearlyAsMuchAsTheOneBefore() {
        var watch = watch(MigrationMethod(postCopy: true))
        _ = step(&watch, reading(1, left: 100))
        #expect(step(&watch, reading(1, left: 90)) == .wait && step(&watch, reading(2, left: 40)) == .wait)
        #expect(step(&watch, reading(3, left: 20)) == .wait && step(&watch, reading(3, left: 1)) == .wait)
        #expect(step(&watch, reading(4, left: 19)) == .goOnThere)
        // From then on nobody has it back, however long it takes.
        #expect(step(&watch, reading(5, left: 19), .trailing, cancelled: true, after: 1000) == .wait)
        #expect(watch.figures(nil, since: begin, at: begin).wasPostCopied == true)
    }

    @Test func whatPostCopyRefusesIsWatchedOn() {
        var watch = watch(MigrationMethod(postCopy: true))
        _ = step(&watch, reading(1, left: 100))
        for pass: Int64 in 1...3 { _ = step(&watch, reading(pass, left: 100)) }
        watch.staysHere()
        #expect(step(&watch, reading(4, left: 100), after: 11) == .abort)
    }

    @Test func itIsAbortedWhenItsTimeIsOverOrSomebodySaysSoAndGivenUpWhenThatDoesNotHelp() {
        var watch = watch()
        #expect(step(&watch, reading(1, left: 100), cancelled: true) == .abort)
        #expect(watch.tooLate == nil)
        #expect(step(&watch, reading(1, left: 100), after: 10) == .abort)
        #expect(watch.tooLate?.contains("10 s") == true)
        #expect(step(&watch, JobReading(type: 0, []), .running, after: 20) == .wait)
        guard case .giveUp = step(&watch, reading(1, left: 100), after: 31) else {
            Issue.record("it is waited for without an end")
            return
        }
    }

    @Test func figuresAreLibvirtsWithWhatWasSeenOnTheWay() {
        var watch = watch()
        _ = step(&watch, reading(2, left: 1, throttle: 40))
        let ended = JobReading(
            type: 3,
            [
                Parameter("time_elapsed", .unsigned(900)), Parameter("downtime", .unsigned(7)),
                Parameter("data_processed", .unsigned(5000)), Parameter("memory_iteration", .unsigned(3)),
            ])
        let figures = watch.figures(ended, since: begin, at: begin + .seconds(2))
        #expect(
            figures
                == MigrationFigures(
                    totalMilliseconds: 900, downtimeMilliseconds: 7, transferred: Bytes(5000), passes: 3,
                    throttlePercent: 40))
        #expect(watch.figures(nil, since: begin, at: begin + .seconds(2)).totalMilliseconds == 2000)
        #expect(reading(1, left: 1).problem == "no; room")
    }

    @Test func anOrderSaysWhatIsWantedAndNeverUnsafe() throws {
        let address = try LibvirtAddress("qemu+tls://kvm2/system", allowsPlain: false)
        func order(_ method: MigrationMethod, persistent: Bool = true, disks: [String] = [], version: Int = 9_000_000)
            -> MigrationOrder
        {
            MigrationOrder(
                OutgoingMigration(
                    virtualMachine: id, destination: address.text, bandwidthLimit: Bytes(1), timeLimitSeconds: 1,
                    method: method), to: address, isPersistent: persistent, localDisks: disks, clientVersion: version)
        }
        let base: MigrationOrder.Flags = [.peerToPeer, .abortOnError, .tls]
        #expect(order(MigrationMethod(kind: .quick), persistent: false).flags == base)
        #expect(order(MigrationMethod()).flags == base.union([.live, .persistThere, .undefineHere]))
        #expect(order(MigrationMethod()).bandwidth == 1)
        let packed = MigrationMethod(channels: 4, compression: .zstd)
        #expect(order(packed).compression == nil && order(packed).streams == 4)
        #expect(order(packed, version: 9_001_000).compression == "zstd")
        #expect(order(packed, version: 9_001_000).flags.isSuperset(of: [.parallel, .compressed]))
        #expect(order(MigrationMethod(autoConverge: true)).flags.contains(.autoConverge))
        #expect(order(MigrationMethod(), disks: ["vda"]).flags.contains(.copyDisks))
        let resumed = order(MigrationMethod(postCopy: true)).resumed
        #expect(resumed.flags.isSuperset(of: [.live, .postCopy, .resumePostCopy, .persistThere]))
        let unsafe: UInt32 = 1 << 9
        #expect(order(packed, disks: ["vda"]).flags.rawValue & unsafe == 0)
    }

    @Test func aCancellationCountsForWhatItCameWithAndForNothingLater() {
        let sendings = Sendings()
        sendings.cancel(id)
        #expect(sendings.begin(id, asked: .now) == .cancelled)
        #expect(sendings.begin(id, asked: .now) == .begun)
        #expect(sendings.begin(id, asked: .now) == .underWay)
        sendings.cancel(id)
        #expect(sendings[id]?.isCancelled == true)
        sendings.end(id, .success(()))
        sendings.forget(id)
        #expect(sendings[id] == nil)
        sendings.cancel(id)
        #expect(sendings.begin(id, asked: .now + .seconds(60)) == .begun)
    }
}
