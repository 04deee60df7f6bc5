import FleetModel
import Glibc
import Testing

@testable import LibvirtRuntime

@Suite("A runtime over libvirt", .timeLimit(.minutes(1))) struct RuntimeTests {
    /// libvirt's driver for tests lives in the library and needs no daemon; it has one domain, `test`, that runs.
    private let configuration = LibvirtConfiguration(uri: "test:///default", processFolder: "/nonexistent")

    @Test func aHostWithoutTheLibraryIsToldSo() throws {
        do {
            _ = try LibvirtRuntime(configuration, log: quiet, library: "libnowhere.so.0")
            Issue.record("there is a library libnowhere.so.0")
        } catch {
            #expect(error.description.contains("libnowhere.so.0") && error.description.contains("apt-get install"))
        }
    }

    @Test func theDriverForTestsHasOneDomain() async throws {
        let runtime = try LibvirtRuntime(configuration, log: quiet)
        let machines = try await runtime.virtualMachines()
        #expect(machines.map(\.definition.name.text) == ["test"] && machines.map(\.state) == [.running])
        #expect(machines[0].process == nil && machines[0].residentMemory == nil && machines[0].accelerator == nil)
        #expect(try await runtime.statistics().map(\.id) == machines.map(\.definition.id))
    }

    @Test func everyStepIsRefusedWithAReason() async throws {
        let runtime = try LibvirtRuntime(configuration, log: quiet)
        let id = try #require(try await runtime.virtualMachines().first?.definition.id)
        guard case .refused(let reason) = await runtime.perform(.stop(id, force: true), progress: { _ in }) else {
            throw Unexpected("a step that was done")
        }
        #expect(reason.contains("libvirt") && reason.contains(id.text))
        #expect(try await runtime.virtualMachines().map(\.state) == [.running])
    }

    @Test func anAddressWhereNobodyIsIsNamedWithWhatToDo() async throws {
        let uri = "qemu+unix:///system?socket=/nonexistent/libvirt-sock"
        let runtime = try LibvirtRuntime(LibvirtConfiguration(uri: uri), log: quiet)
        for _ in 0..<2 {
            do {
                _ = try await runtime.virtualMachines()
                Issue.record("somebody answered")
            } catch {
                #expect("\(error)".contains(uri) && "\(error)".contains("/nonexistent/libvirt-sock'"))
            }
        }
    }

    @Test func aCallThatHangsIsGivenUpAndOthersAreRefusedUntilItIsBack() async throws {
        let calls = CallQueue(uri: "here", limit: .milliseconds(50), state: 1)
        let gate = Locked(false)
        func attempt() async -> LibvirtError? {
            do throws(LibvirtError) {
                _ = try await calls.call("look") { _ in
                    while !gate.withLock({ $0 }) { usleep(1000) }
                }
                return nil
            } catch {
                return error
            }
        }
        async let first = attempt()
        async let second = attempt()
        for error in [await first, await second, await attempt()] {
            guard case .notAnswering("look", "here", _) = error else {
                throw Unexpected("\(String(describing: error))")
            }
        }
        gate.withLock { $0 = true }
        try await eventually { await attempt() == nil }
    }

    @Test func aRingWhileNobodyWaitsIsNotLost() async {
        let waker = Waker()
        waker.ring()
        let began = ContinuousClock.now
        await waker.wait(upTo: .seconds(30))
        #expect(ContinuousClock.now - began < .seconds(10))
        await waker.wait(upTo: .milliseconds(20))
        #expect(ContinuousClock.now - began >= .milliseconds(20))
    }
}
