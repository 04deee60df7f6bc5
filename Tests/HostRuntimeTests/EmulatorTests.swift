import FleetModel
import Testing

@testable import HostRuntime

@Suite("What a QEMU can make VMs of", .timeLimit(.minutes(1))) struct EmulatorTests {
    private static let knowledge = EmulatorKnowledge(
        version: "7.2.22",
        machines: [
            .init(name: "pc-i440fx-7.1"), .init(name: "pc-i440fx-7.2", alias: "pc"),
            .init(name: "pc-q35-7.2", alias: "q35"),
            .init(name: "pc-i440fx-2.12"),
        ],
        models: [
            .init(name: "max", missing: []), .init(name: "qemu64", missing: [], richness: 45),
            .init(name: "qemu64-v1", missing: [], richness: 45), .init(name: "Westmere", missing: [], richness: 56),
            .init(name: "Haswell", missing: ["pcid", "sse4.1"]),
        ])

    @Test func isAskedOfItselfAndReported() async throws {
        try await withHosts("a", configure: { $0.accelerator = .tcg }) { hosts in
            let capabilities = try #require(await hosts[0].runtime.capabilities())
            #expect(capabilities.emulatorVersion?.split(separator: ".").count == 3)
            #expect(capabilities.machines.contains { $0.hasPrefix("pc-i440fx-") })
            let models = capabilities.processorModels
            let (plain, rich) = (models.firstIndex(of: "qemu64"), models.firstIndex(of: "Westmere"))
            #expect(try #require(plain) < #require(rich))
            #expect(!models.contains("host") && !models.contains("max") && !models.contains("qemu64-v1"))
        }
    }

    @Test func namesWithoutAVersionGetOne() {
        #expect(Self.knowledge.versioned("pc") == "pc-i440fx-7.2")
        #expect(Self.knowledge.versioned("pc-i440fx-7.1") == "pc-i440fx-7.1")
        #expect(Self.knowledge.settled("qemu64") == "qemu64")
        #expect(Self.knowledge.settled("Haswell") == "Haswell,-pcid,-sse4.1")
        #expect(Self.knowledge.settled("Haswell,-pcid,-sse4.1") == "Haswell,-pcid,-sse4.1")
        #expect(Self.knowledge.settled("Haswell,pcid=off,-sse4_1") == "Haswell,pcid=off,-sse4_1")
        #expect(Self.knowledge.usableModels == ["qemu64", "Westmere"])
    }

    @Test func whatItCannotHaveIsNamedBeforeAGuestIsSent() throws {
        func objection(_ change: (inout IncomingMigration) -> Void) throws -> String? {
            var migration = incoming(try Fixture.definition())
            migration.definition.machine = "pc-i440fx-7.2"
            migration.emulatorVersion = "8.0.2"
            change(&migration)
            return ArrivalCheck.objection(to: migration, Self.knowledge)
        }
        #expect(try objection { _ in } == nil)
        let older = try #require(try objection { $0.definition.machine = "pc-i440fx-8.0" })
        #expect(older.contains("needs the machine type pc-i440fx-8.0"))
        #expect(older.contains("QEMU 7.2.22") && older.hasSuffix("knows up to pc-i440fx-7.2"))
        let flags = try #require(try objection { $0.definition.processorModel = "Haswell,-pcid" })
        #expect(flags.contains("sse4.1") && flags.contains("TCG") && !flags.contains("here under TCG: pcid"))
        #expect(try objection { $0.definition.processorModel = "Haswell,-pcid,-sse4.1" } == nil)
        #expect(try objection { $0.definition.processorModel = "Wonder" }?.contains("does not know") == true)
        #expect(try objection { $0.definition.machine = "pc" }?.contains("QEMU 8.0.2, which is another one") == true)
        #expect(try objection { ($0.definition.machine, $0.emulatorVersion) = ("pc", "7.2.1") } == nil)
    }

    @Test func aModelThatCannotBeHadWholeIsTheSameOneAtEveryStart() async throws {
        try await withHosts("a") { hosts in
            var vm = try pulse(near: hosts[0].folder)
            vm.processorModel = "EPYC-Milan"
            guard case .advised(let advice) = await hosts[0].answer(.define(vm)) else { throw Unexpected("no advice") }
            #expect(advice.contains { $0.hasPrefix("processorModel: ") && $0.contains("does without") })
            #expect(await hosts[0].answer(.launch(vm.id)).isDone)
            let settled = try #require(await hosts[0].runtime.virtualMachines().first).definition
            #expect(settled.processorModel.hasPrefix("EPYC-Milan,-"))
            // By its own name and by the one that was written, it is the same.
            for same in [vm, settled] { #expect(await hosts[0].answer(.start(same)).isDone) }
            #expect(await hosts[0].answer(.stop(vm.id, force: true)).isDone)
            #expect(await hosts[0].answer(.start(settled)).isDone)
            #expect(await hosts[0].runtime.virtualMachines().first?.definition == settled)
        }
    }

    @Test func aDestinationRefusesWithTheseWords() async throws {
        try await withHosts("b") { hosts in
            var migration = incoming(try pulse(near: hosts[0].folder))
            migration.definition.machine = "pc-i440fx-99.0"
            guard case .refused(let reason) = await hosts[0].answer(.prepareIncoming(migration)) else {
                throw Unexpected("taken")
            }
            #expect(reason.contains("pc-i440fx-99.0") && reason.contains("knows up to pc-i440fx-"))
            migration.definition.machine = "pc"
            migration.definition.processorModel = "Haswell"
            migration.emulatorVersion = await hosts[0].runtime.capabilities()?.emulatorVersion
            guard case .refused(let flags) = await hosts[0].answer(.prepareIncoming(migration)) else {
                throw Unexpected("taken")
            }
            #expect(flags.contains("hle") && flags.contains("rtm"))
            #expect(await hosts[0].runtime.virtualMachines().isEmpty)
        }
    }

    @Test func anUnlikePairHasTheRichestModelOfBoth() {
        func host(_ models: [String], _ machines: [String] = []) -> HostCapabilities {
            HostCapabilities(machines: machines, processorModels: models)
        }
        let (old, new) = (host(["486", "qemu64", "Westmere"]), host(["486", "qemu64", "Westmere", "Haswell"]))
        #expect(CommonBaseline.processorModel(of: [old, new]) == "Westmere")
        #expect(CommonBaseline.processorModel(of: [new, old]) == "Westmere")
        #expect(CommonBaseline.processorModel(of: [new, host(["486"])]) == "486")
        #expect(CommonBaseline.processorModel(of: [new, host([])]) == nil)
        #expect(CommonBaseline.processorModel(of: []) == nil)
        let (first, second) = (
            host([], ["pc-i440fx-7.2", "pc-i440fx-8.0", "pc-q35-8.0"]), host([], ["pc-i440fx-7.2", "pc-i440fx-2.12"])
        )
        #expect(CommonBaseline.machine("pc", of: [first, second]) == "pc-i440fx-7.2")
        #expect(CommonBaseline.machine("q35", of: [first, second]) == nil)
    }
}
