import FleetModel
import Foundation
import Testing

@testable import RulePacks

/// What packs need and clusters lack: where they rest, where their tips are advice, and what is said of it.
@Suite("Needs of packs")
struct NeedsTests {
    private let machine: VirtualMachineID

    init() throws { machine = try #require(VirtualMachineID("11111111-2222-4333-8444-555555555555")) }

    private func pack(_ needs: String, remediation: String = "restart-vm", subject: String = "vm") throws -> RulePack {
        let manifest = """
            {name: pack, version: '1', title: t, author: a, licence: l, needs: \(needs),
             tips: {A: {title: t, body: b, level: warning, subject: \(subject), knowledge: k,
               remediation: {name: \(remediation)}, approval: automatic}}}
            """
        return try Places.withFolder([
            "pack.yaml": manifest, "a.rules.yaml": "groups: [{name: g, rules: [{alert: A, expr: up}]}]",
        ]) { try RulePack.load(folder: $0) }
    }

    private func report(
        _ host: String, manager: String? = nil, readOnly: String? = nil, receives: Bool = true,
        emulator: String? = "7.2",
        libvirt: String? = nil, hasMachine: Bool = true
    ) throws -> HostReport {
        var report = HostReport(
            host: try #require(HostName(host)), cluster: try #require(ClusterName("lab")),
            time: Timestamp(milliseconds: 0), agentVersion: "1", agentRun: "r", logicalProcessors: 1,
            memory: .gibibytes(1), memoryAvailable: nil, accelerator: .kvm,
            migrationAddress: receives ? "10.0.0.1" : nil, virtualMachines: [])
        report.capabilities = HostCapabilities(emulatorVersion: emulator, libvirtAddress: libvirt)
        if hasMachine {
            let definition = VirtualMachineDefinition(
                id: machine, name: try #require(Name("vm1")), virtualProcessors: 1, memory: .gibibytes(1))
            report.virtualMachines = [
                VirtualMachineStatus(definition: definition, state: .running, manager: manager, readOnly: readOnly)
            ]
        }
        return report
    }

    private func obstacle(_ needs: String, _ reports: [HostReport], vm: Bool = true) throws -> String? {
        let pack = try pack(needs)
        let lab = try #require(ClusterName("lab"))
        let subject: TipSubject = vm ? .virtualMachine(machine, cluster: lab) : .cluster(lab)
        return FleetAbilities(reports).obstacle(to: pack.needs, .restartVirtualMachine, for: subject)
    }

    @Test("providers: of the VM that a tip is about, and of the cluster")
    func providers() throws {
        let qemu = try report("a")
        let libvirt = try report("b", manager: VirtualMachineStatus.libvirt, emulator: nil, libvirt: "b")
        #expect(try obstacle("{}", [qemu]) == nil)
        #expect(try obstacle("{providers: [qemu]}", [qemu]) == nil)
        #expect(
            try obstacle("{providers: [libvirt]}", [qemu])
                == "the pack needs VMs that libvirt runs, and qemu runs this one")
        #expect(try obstacle("{providers: [qemu]}", [libvirt])?.contains("libvirt runs this one") == true)
        #expect(try obstacle("{providers: [qemu, libvirt]}", [libvirt]) == nil)
        #expect(try obstacle("{providers: [libvirt]}", [qemu, libvirt], vm: false) == nil)
        #expect(
            try obstacle("{providers: [libvirt]}", [qemu], vm: false)
                == "the pack needs VMs that libvirt runs, and in cluster lab qemu runs them")
        #expect(try obstacle("{providers: [qemu]}", [], vm: false) == "no host of cluster lab has reported yet")
    }

    @Test("actions: two hosts that receive to migrate, and a VM that is only looked at")
    func actions() throws {
        let pair = [try report("a"), try report("b", hasMachine: false)]
        #expect(try obstacle("{actions: [migrate]}", pair, vm: false) == nil)
        let alone = [try report("a"), try report("b", receives: false, hasMachine: false)]
        #expect(
            try obstacle("{actions: [migrate]}", alone, vm: false)
                == "the pack needs to migrate VMs, and fewer than two hosts of cluster lab can receive any")
        let watched = [try report("a", manager: VirtualMachineStatus.libvirt, readOnly: "libvirt is not controlled")]
        #expect(try obstacle("{}", watched) == "nothing is done to this VM: libvirt is not controlled")
        #expect(try obstacle("{actions: [snapshot]}", [try report("a", receives: false)], vm: false) == nil)
    }

    /// Knows the metric `there` in cluster lab, and is asked for it.
    private func engine() -> ScriptedEngine {
        let engine = ScriptedEngine()
        engine.answer("group by (cluster) (there)", .vector([(["cluster": "lab"], 1)]))
        return engine
    }

    private func round(_ pack: RulePack) throws -> AlertRound {
        let lab = try #require(ClusterName("lab"))
        let tip = RenderedTip(
            subject: .virtualMachine(machine, cluster: lab), level: .warning, title: "t", body: "b", knowledge: "k",
            remediation: pack.tips["A"]?.remediation.name.rawValue ?? "notify", terms: TipTerms(approval: .automatic))
        return AlertRound(
            time: .at(0),
            alerts: [
                ActiveAlert(
                    pack: "pack", alert: "A", labels: [:], value: 1, isFiring: true, activeSince: .at(0), tip: tip)
            ])
    }

    @Test("a pack rests where a metric is missing, and its tips are advice where a provider is")
    func rounds() async throws {
        let lab = try #require(ClusterName("lab"))
        let abilities = FleetAbilities([try report("a")])
        var watch = NeedsWatch()
        let missing = try pack("{metrics: [there, gone]}")
        // Nothing is known before the first look, and nothing is held back.
        #expect(watch.applied(to: try round(missing), of: [missing], abilities).resting.isEmpty)
        let engine = engine()
        await watch.look([missing], in: [], engine: engine, at: .at(0))
        let resting = watch.applied(to: try round(missing), of: [missing], abilities)
        #expect(resting.resting == ["pack": [lab]] && resting.alerts.first?.tip == nil)
        #expect(watch.remarks(on: missing, abilities) == ["rests in cluster lab: no series of gone"])
        // Of what is there nothing is asked again at once, and everything after a minute.
        await watch.look([missing], in: [], engine: engine, at: .at(15))
        #expect(engine.asked.count == 2)
        engine.answer("group by (cluster) (gone)", .vector([(["cluster": "lab"], 1)]))
        await watch.look([missing], in: [lab], engine: engine, at: .at(60))
        #expect(watch.applied(to: try round(missing), of: [missing], abilities).alerts.first?.tip != nil)
        // A metric that cannot be asked for holds nothing back.
        engine.answer("group by (cluster) (gone)", .failure("away"))
        await watch.look([missing], in: [lab], engine: engine, at: .at(200))
        #expect(watch.remarks(on: missing, abilities).isEmpty)

        let foreign = try pack("{providers: [libvirt]}")
        let tip = watch.applied(to: try round(foreign), of: [foreign], abilities).alerts.first?.tip
        #expect(tip?.terms.approval == .advise)
        #expect(tip?.terms.obstacle == "the pack needs VMs that libvirt runs, and qemu runs this one")
        #expect(
            watch.remarks(on: foreign, abilities) == [
                "only advice in cluster lab: the pack needs VMs that libvirt runs, and in cluster lab qemu runs them"
            ])
    }

    @Test("the first samples of a cluster wake its packs in the same round, and other clusters are not read again")
    func firstSamples() async throws {
        let lab = try #require(ClusterName("lab"))
        let other = try #require(ClusterName("other.1"))
        let abilities = FleetAbilities([try report("a")])
        let pack = try pack("{metrics: [late]}")
        let engine = ScriptedEngine()
        var watch = NeedsWatch()
        await watch.look([pack], in: [], engine: engine, at: .at(0))
        await watch.look([pack], in: [lab, other], engine: engine, at: .at(1))
        #expect(watch.applied(to: try round(pack), of: [pack], abilities).resting == ["pack": [lab]])
        engine.answer(#"group by (cluster) (late{cluster=~"lab|other.1"})"#, .vector([(["cluster": "lab"], 1)]))
        await watch.look([pack], in: [lab, other], engine: engine, at: .at(2))
        #expect(watch.applied(to: try round(pack), of: [pack], abilities).alerts.first?.tip != nil)
        #expect(watch.missing(pack, in: other) == ["late"])
        await watch.look([pack], in: [lab, other], engine: engine, at: .at(3))
        #expect(engine.asked.last == #"group by (cluster) (late{cluster=~"other.1"})"#)
        // What was found is not lost to an engine that does not answer: the pack goes on.
        engine.answer(#"group by (cluster) (late{cluster=~"other.1"})"#, .failure("away"))
        await watch.look([pack], in: [lab, other], engine: engine, at: .at(4))
        #expect(watch.missing(pack, in: lab).isEmpty && watch.missing(pack, in: other) == ["late"])
    }

    @Test("a remediation that is advice says why and who can do it", arguments: RemediationName.allCases)
    func reasons(name: RemediationName) {
        #expect(name.isAvailable == (name.adviceReason == nil))
        if let reason = name.adviceReason, name != .notify { #expect(reason.contains("evenkeel vm ")) }
    }
}
