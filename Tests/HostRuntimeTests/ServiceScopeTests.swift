import FleetModel
import FoundationEssentials
import Glibc
import Testing

@testable import HostRuntime

@Suite("VMs of an agent that systemd runs", .timeLimit(.minutes(1))) struct ServiceScopeTests {
    @Test func areStartedInAScopeOfTheirOwnThatBecomesQEMU() async throws {
        try await withService(standIn: Self.obliging) { surroundings in
            try await withHosts("a", surroundings: surroundings) { hosts in
                let vm = try pulse(near: hosts[0].folder)
                #expect(await hosts[0].answer(.start(vm)).isDone)
                let recorded = try lines("\(surroundings.systemdRun).arguments")
                #expect(recorded.contains("--scope") && recorded.contains("--collect") && !recorded.contains("--user"))
                #expect(recorded.contains("--unit=evenkeel-vm-\(vm.id.text).scope"))
                #expect(recorded.contains("--slice=machine.slice"))
                #expect(recorded.contains("--description=Evenkeel VM pulse-1"))
                // The process that was started is QEMU by now, under the same number.
                let process = try await hosts[0].process(vm.id)
                #expect(process.arguments.first == RuntimeConfiguration(folder: "").qemu)
                #expect(try lines("\(surroundings.systemdRun).process") == ["\(process.identifier)"])
                #expect(await hosts[0].runtime.statistics().map(\.id) == [vm.id])
                #expect(await hosts[0].answer(.stop(vm.id, force: true)).isDone)
            }
        }
    }

    @Test func areMadeByTheUsersOwnManagerWhereThereIsOne() async throws {
        try await withService(standIn: Self.obliging, user: 4711, hasOwnManager: true) { surroundings in
            try await withHosts("a", surroundings: surroundings) { hosts in
                #expect(await hosts[0].answer(.start(try pulse(near: hosts[0].folder))).isDone)
                #expect(try lines("\(surroundings.systemdRun).arguments").first == "--user")
                let folder = try lines("\(surroundings.systemdRun).folder")
                #expect(folder == ["\(surroundings.userFolders)/4711"])
            }
        }
    }

    @Test func areRefusedWithWhatToDoWhereNoScopeIsToBeHad() async throws {
        let refusing = "echo 'Failed to start transient scope unit: Access denied' >&2; exit 1"
        try await withService(standIn: refusing, user: 4711) { surroundings in
            try await withHosts("a", surroundings: surroundings) { hosts in
                let vm = try pulse(near: hosts[0].folder)
                for task in [HostTask.start(vm), .prepareIncoming(incoming(vm))] {
                    guard case .refused(let reason) = await hosts[0].answer(task) else {
                        throw Unexpected("not refused")
                    }
                    #expect(reason.contains("Access denied") && reason.contains("loginctl enable-linger"))
                }
                #expect(await hosts[0].runtime.virtualMachines().isEmpty)
                #expect(!processesRemain(under: hosts[0].folder))
            }
        }
    }

    @Test func waitForTheScopeOfAProcessThatHasJustEnded() async throws {
        let busy = #"""
            if [ ! -e "$0.again" ]; then
                touch "$0.again"
                echo "Failed to start transient scope unit: Unit x.scope was already loaded or has a fragment file." >&2
                exit 1
            fi
            """#
        try await withService(standIn: busy + "\n" + Self.obliging) { surroundings in
            try await withHosts("a", surroundings: surroundings) { hosts in
                let vm = try pulse(near: hosts[0].folder)
                #expect(await hosts[0].answer(.start(vm)).isDone)
                #expect(try await hosts[0].state(vm.id) == .running)
            }
        }
    }

    @Test func failForTheirOwnReasonsAsTheyDoWithoutAScope() async throws {
        try await withService(standIn: Self.obliging) { surroundings in
            try await withHosts("a", surroundings: surroundings) { hosts in
                var vm = try pulse(near: hosts[0].folder)
                vm.networkInterfaces = [.init(connection: .user, hardwareAddress: "52:54:00:00:00:01")]
                vm.machine = "isapc"
                guard case .failed(let reason) = await hosts[0].answer(.start(vm)) else { throw Unexpected("started") }
                #expect(reason.contains("PCI"))
            }
        }
    }

    @Test func keepTheDollarsOfTheirArguments() async throws {
        let standIn = "if [ \"$1\" = --version ]; then echo 'systemd 258 (258.1)'; exit; fi\n" + Self.obliging
        try await withService(standIn: standIn) { surroundings in
            try await withHosts("a", surroundings: surroundings) { hosts in
                var vm = try pulse(near: hosts[0].folder)
                let image = "\(hosts[0].folder)/../a$HOME.bin"
                try SmallFile.replace(image, with: SmallFile.read(vm.firmware ?? "") ?? [])
                vm.firmware = image
                #expect(await hosts[0].answer(.start(vm)).isDone)
                let recorded = try lines("\(surroundings.systemdRun).arguments")
                #expect(recorded.contains("--expand-environment=no") && recorded.contains(image))
            }
        }
        #expect(ServiceScope.expandsDollars(version: "systemd 254 (254.1-1)\n+PAM"))
        #expect(!ServiceScope.expandsDollars(version: "systemd 252 (252.38-1~deb12u1)"))
        #expect(!ServiceScope.expandsDollars(version: "") && !ServiceScope.expandsDollars(version: "busybox 300"))
    }

    @Test func isWhatTheControlGroupShowsAndNotTheEnvironmentAlone() async throws {
        try await withService(standIn: Self.obliging, user: 4711) { surroundings in
            #expect(ServiceScope(surroundings)?.manager == .system)
            func manager(group: String) throws -> ServiceScope.Manager? {
                try SmallFile.replace(surroundings.controlGroup, with: Array(group.utf8))
                return ServiceScope(surroundings)?.manager
            }
            let user = ServiceScope.Manager.user(folder: "\(surroundings.userFolders)/4711")
            #expect(try manager(group: "12:cpu:/\n1:name=systemd:/system.slice/evenkeel-agent.service\n") == .system)
            let own = "0::/user.slice/user-4711.slice/user@4711.service/app.slice"
            #expect(try manager(group: "\(own)/evenkeel-agent.service\n") == user)
            // A terminal of a desktop, a shell over the network, a container.
            #expect(try manager(group: "\(own)/vte-spawn-1.scope\n") == nil)
            #expect(try manager(group: "0::/user.slice/user-4711.slice/session-3.scope\n") == nil)
            #expect(try manager(group: "0::/\n") == nil)
            _ = try manager(group: "0::/system.slice/evenkeel-agent.service\n")
            var other = surroundings
            other.invocation = nil
            #expect(ServiceScope(other) == nil)
            other = surroundings
            other.systemd = "/nowhere"
            #expect(ServiceScope(other) == nil)
        }
    }

    /// Records what it is given and becomes what follows `--`, as `systemd-run --scope` does.
    private static let obliging = #"""
        printf '%s\n' "$@" > "$0.arguments"
        echo $$ > "$0.process"
        echo "$XDG_RUNTIME_DIR" > "$0.folder"
        while [ "$1" != -- ]; do shift; done
        shift
        exec "$@"
        """#

    /// What an agent meets that is a service of systemd's, with `standIn` as `systemd-run`.
    private func withService(
        standIn: String, user: UInt32 = 0, hasOwnManager: Bool = false,
        _ body: (HostSurroundings) async throws -> Void
    ) async throws {
        let root = try temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: root) }
        var surroundings = HostSurroundings()
        surroundings.invocation = "0123456789abcdef0123456789abcdef"
        surroundings.user = user
        surroundings.systemd = root
        surroundings.systemdRun = "\(root)/systemd-run"
        surroundings.controlGroup = "\(root)/cgroup"
        surroundings.userFolders = "\(root)/user"
        try SmallFile.replace(surroundings.systemdRun, with: Array("#!/bin/sh\n\(standIn)\n".utf8))
        guard unsafe chmod(surroundings.systemdRun, 0o700) == 0 else { throw Unexpected(lastSystemError()) }
        try SmallFile.replace(
            surroundings.controlGroup, with: Array("0::/system.slice/evenkeel-agent.service\n".utf8))
        if hasOwnManager {
            let folder = "\(surroundings.userFolders)/\(user)/systemd/private"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        try await body(surroundings)
    }

    private func lines(_ path: String) throws -> [String] {
        let bytes = try #require(SmallFile.read(path))
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
