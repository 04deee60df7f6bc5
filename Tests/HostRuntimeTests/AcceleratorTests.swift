import FleetModel
import Testing

@testable import HostRuntime

@Suite("Which accelerator a host has", .timeLimit(.minutes(1))) struct AcceleratorTests {
    private let qemu = RuntimeConfiguration(folder: "").qemu

    private func find(_ change: (inout AcceleratorProbe) -> Void) async throws -> AcceleratorFinding {
        let root = try temporaryFolder()
        defer { endProcesses(under: root) }
        var probe = AcceleratorProbe(qemu: qemu, folder: root)
        change(&probe)
        return await probe.find()
    }

    @Test func theProbeGuestReachesLongModeWhereThatIsPossible() async throws {
        // TCG can run it anywhere, so this shows that the guest itself is right.
        let finding = try await find {
            $0.accelerator = .tcg
            $0.limit = .seconds(20)
        }
        #expect(finding == AcceleratorFinding(accelerator: .tcg))
    }

    @Test func withoutADeviceItIsTCGAndSaysWhy() async throws {
        let finding = try await find { $0.device = "/nowhere/kvm" }
        #expect(finding.accelerator == .tcg)
        #expect(try #require(finding.notice).contains("there is no /nowhere/kvm"))
    }

    @Test func aGuestThatDoesNotArriveIsNotWaitedFor() async throws {
        let began = ContinuousClock.now
        let finding = try await find {
            $0.accelerator = .tcg
            $0.limit = .milliseconds(300)
            // jmp . at the reset vector: a guest that never gets anywhere.
            $0.image = [UInt8](repeating: 0, count: 0xfff0) + [0xeb, 0xfe] + [UInt8](repeating: 0, count: 14)
        }
        #expect(finding.accelerator == .tcg)
        #expect(try #require(finding.notice).contains("had not arrived"))
        #expect(ContinuousClock.now - began < .seconds(5))
    }

    @Test func aMissingQEMUIsTheReason() async throws {
        let finding = try await find {
            $0.qemu = "/nowhere/qemu"
            $0.accelerator = .tcg
        }
        #expect(try #require(finding.notice).contains("qemu-system-x86"))
    }

    @Test func thisHostGetsAnAnswerInTimeAndKeepsIt() async throws {
        try await withHosts("a") { hosts in
            let began = ContinuousClock.now
            let finding = await hosts[0].runtime.accelerator()
            #expect(ContinuousClock.now - began < .seconds(8))
            #expect((finding.accelerator == .kvm) == (finding.notice == nil))
            #expect(await hosts[0].runtime.accelerator() == finding)
            let vm = try pulse(near: hosts[0].folder, accelerator: .auto)
            #expect(await hosts[0].answer(.start(vm)).isDone)
            #expect(await hosts[0].runtime.virtualMachines().first?.accelerator == finding.accelerator)
        }
    }
}
