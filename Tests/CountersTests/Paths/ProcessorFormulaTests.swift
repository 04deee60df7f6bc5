import FleetModel
import Testing

@testable import Counters

@Suite("Hyper-V's counters of logical processors")
struct ProcessorFormulaTests {
    private static let object = #"\Hyper-V Hypervisor Logical Processor"#
    private static let root = #"\Hyper-V Hypervisor Root Virtual Processor"#

    /// LP 0: 10 s, half of it guest; LP 1: idle but for 1 s of root.
    private let split = Moments(
        Moments.processor(0, [.guest: 100, .hypervisor: 10, .root: 20, .idle: 500, .steal: 1])
            + Moments.processor(1, [.guest: 0, .hypervisor: 0, .root: 0, .idle: 500, .steal: 0]),
        Moments.processor(0, [.guest: 105, .hypervisor: 11, .root: 22, .idle: 502, .steal: 1])
            + Moments.processor(1, [.guest: 0, .hypervisor: 0, .root: 1, .idle: 509, .steal: 0]))

    @Test func `time divides by mode, the root partition being a guest`() throws {
        let zero = Self.object + #"(Hv LP 0)\"#
        #expect(try split.value(zero + "% Guest Run Time") == 70)
        #expect(try split.value(zero + "% Hypervisor Run Time") == 10)
        #expect(try split.value(zero + "% Total Run Time") == 80)
        #expect(try split.value(zero + "% Idle Time") == 20)
    }

    @Test func `total is the mean, as Windows has it`() throws {
        let total = Self.object + #"(_Total)\"#
        #expect(try split.value(total + "% Guest Run Time") == 40)
        #expect(try split.value(total + "% Hypervisor Run Time") == 5)
        #expect(try split.value(total + "% Total Run Time") == 45)
        #expect(try split.value(total + "% Idle Time") == 55)
    }

    @Test func `a star means every instance and the total`() throws {
        let titles = try split.ask(Self.object.lowercased() + #"(*)\% IDLE time"#).map(\.title)
        #expect(
            titles == ["Hv LP 0", "Hv LP 1", "_Total"].map { Self.object + "(\($0))" + #"\% Idle Time"# })
        #expect(try split.ask(Self.object + #"(hv lp*)\% Idle Time"#).count == 2)
        #expect(try split.ask(Self.object + #"(*)\% *"#).count == 12)
    }

    @Test func `the root partition's processors run what no VM does`() throws {
        #expect(try split.value(Self.root + #"(Root VP 0)\% Total Run Time"#) == 20)
        #expect(try split.value(Self.root + #"(Root VP 0)\% Guest Run Time"#) == 20)
        #expect(try split.value(Self.root + #"(Root VP 0)\% Hypervisor Run Time"#) == 0)
        #expect(try split.value(Self.root + #"(_Total)\% Total Run Time"#) == 15)
    }

    /// Of 10 s it had 4, of which it was busy for 3: hot, whatever wall time says.
    @Test func `a starved host is hot`() throws {
        let starved = Moments(
            Moments.processor(0, [.guest: 0, .hypervisor: 0, .root: 0, .idle: 0, .steal: 0]),
            Moments.processor(0, [.guest: 2, .hypervisor: 0, .root: 1, .idle: 1, .steal: 6]))
        #expect(try starved.value(Self.object + #"(Hv LP 0)\% Total Run Time"#) == 75)
        #expect(try starved.value(Self.object + #"(Hv LP 0)\% Guest Run Time"#) == 30)
    }

    @Test func `a split that the platform cannot see is unknown, and what needs none is there`() throws {
        let unsplit = Moments(
            Moments.processor(0, [.virtual: 0, .root: 0, .idle: 0, .steal: 0]),
            Moments.processor(0, [.virtual: 6, .root: 1, .idle: 3, .steal: 0]))
        for instance in ["Hv LP 0", "_Total"] {
            let path = Self.object + #"(\#(instance))\"#
            #expect(try unsplit.value(path + "% Guest Run Time") == nil)
            #expect(try unsplit.value(path + "% Hypervisor Run Time") == nil)
            #expect(try unsplit.value(path + "% Total Run Time") == 70)
            #expect(try unsplit.value(path + "% Idle Time") == 30)
        }
        #expect(try unsplit.value(Self.root + #"(_Total)\% Total Run Time"#) == 10)
    }

    @Test func `modes that change between the moments leave no sum that is short of them`() throws {
        let changing = Moments(
            Moments.processor(0, [.guest: 0, .hypervisor: 0, .root: 0, .idle: 0, .steal: 0]),
            Moments.processor(0, [.virtual: 6, .root: 1, .idle: 3, .steal: 0]))
        #expect(try changing.value(Self.object + #"(Hv LP 0)\% Total Run Time"#) == nil)
        #expect(try changing.value(Self.object + #"(_Total)\% Idle Time"#) == nil)
    }

    @Test func `a counter that ran backwards is unknown`() throws {
        let wrapped = Moments(
            Moments.processor(0, [.guest: 9, .hypervisor: 0, .root: 0, .idle: 0, .steal: 0])
                + [(.contextSwitches, .host, 1000)],
            Moments.processor(0, [.guest: 1, .hypervisor: 0, .root: 0, .idle: 10, .steal: 0])
                + [(.contextSwitches, .host, 10)])
        #expect(try wrapped.value(Self.object + #"(Hv LP 0)\% Guest Run Time"#) == nil)
        #expect(try wrapped.value(#"\System\Context Switches/sec"#) == nil)
    }

    @Test func `a processor that went offline is unknown, and the total is that of the others`() throws {
        let going = Moments(
            Moments.processor(0, [.root: 0, .idle: 0, .steal: 0])
                + Moments.processor(1, [.root: 0, .idle: 0, .steal: 0]),
            Moments.processor(0, [.root: 4, .idle: 6, .steal: 0]))
        let values = try going.ask(Self.object + #"(*)\% Total Run Time"#).map(\.value)
        #expect(values == [40, nil, 40])
    }

    @Test func `no time has passed at a single moment`() throws {
        let same: Moments.Readings =
            Moments.processor(0, [.root: 4, .idle: 6, .steal: 0]) + [(.contextSwitches, .host, 1)]
        let still = Moments(same, same, seconds: 0)
        #expect(try still.value(Self.object + #"(Hv LP 0)\% Total Run Time"#) == nil)
        #expect(try still.value(#"\System\Context Switches/sec"#) == nil)
    }

    @Test func `the total of context switches is the machine's own count`() throws {
        func readings(_ dispatches: Double?, _ switches: Double) -> Moments.Readings {
            Moments.processor(0, [.root: 0]) + [(.contextSwitches, .host, switches)]
                + (dispatches.map { [(.logicalProcessorDispatches, .logicalProcessor(0), $0)] } ?? [])
        }
        let path = Self.object + #"(*)\Context Switches/sec"#
        #expect(try Moments(readings(10, 1000), readings(1000, 3000)).ask(path).map(\.value) == [99, 200])
        // A kernel without statistics of its scheduler.
        #expect(try Moments(readings(nil, 1000), readings(nil, 3000)).ask(path).map(\.value) == [nil, 200])
    }

    @Test func `tasks beyond those that can run are a queue`() throws {
        for (runnable, queue) in [(1.0, 0.0), (4, 0), (6, 2)] {
            let readings: Moments.Readings = [(.runnableTasks, .host, runnable), (.logicalProcessors, .host, 4)]
            #expect(try Moments(readings, readings).value(#"\System\Processor Queue Length"#) == queue)
        }
    }
}
