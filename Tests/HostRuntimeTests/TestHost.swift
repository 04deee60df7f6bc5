import FleetModel
import FoundationEssentials
import Glibc
import Logging
import PulseGuest
import Testing

@testable import HostRuntime

/// A host of a test: a runtime with a folder of its own, looked after while the test runs. Whatever the test leaves
/// behind, also by failing, is ended with it.
struct TestHost: Sendable {
    let name: HostName
    let folder: String
    let runtime: QEMURuntime

    /// What the host answers to a step.
    @discardableResult
    func answer(_ task: HostTask) async -> HostTaskAnswer { await runtime.perform(task) { _ in } }

    func state(_ id: VirtualMachineID) async throws -> VirtualMachineState? {
        guard case .state(let state) = await answer(.inspect(id)) else {
            throw Unexpected("inspect did not give a state")
        }
        return state
    }

    func process(_ id: VirtualMachineID) async throws -> ProcessHandle {
        let known = await runtime.virtualMachines().first { $0.definition.id == id }
        let identifier = try #require(known?.process)
        return try #require(try ProcessHandle(identifier))
    }
}

/// Runs `body` with as many hosts as named; their folders are short, since sockets lie in them.
func withHosts(
    _ names: String..., configure: (inout RuntimeConfiguration) -> Void = { _ in },
    surroundings: HostSurroundings = HostSurroundings(), _ body: @Sendable ([TestHost]) async throws -> Void
) async throws {
    let root = try temporaryFolder()
    defer { endProcesses(under: root) }
    var hosts: [TestHost] = []
    for name in names {
        var configuration = RuntimeConfiguration(folder: "\(root)/\(name)", shutdownSeconds: 1)
        configure(&configuration)
        hosts.append(
            TestHost(
                name: try Fixture.name(name), folder: configuration.folder,
                runtime: try QEMURuntime(configuration, log: quiet, surroundings: surroundings)))
    }
    try await looked(after: hosts) { try await body(hosts) }
}

/// Runs `body` while the runtimes of `hosts` look after their VMs.
func looked(after hosts: [TestHost], _ body: () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for host in hosts { group.addTask { await host.runtime.run() } }
        defer { group.cancelAll() }
        try await body()
    }
}

/// Logs are the test's own business.
let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

func temporaryFolder() throws -> String {
    var template = Array("/tmp/ek-XXXXXX".utf8CString)
    let made = unsafe template.withUnsafeMutableBufferPointer { buffer in
        unsafe buffer.baseAddress.flatMap { unsafe mkdtemp($0) } != nil
    }
    guard made else {
        throw Unexpected(lastSystemError())
    }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// Ends every process that was started with a path under `root`, by its number, and removes the folder.
func endProcesses(under root: String) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    for identifier in names.compactMap(pid_t.init) where identifier != getpid() {
        guard let handle = try? ProcessHandle(identifier),
            handle.arguments.contains(where: { $0.hasPrefix(root + "/") })
        else { continue }
        handle.signal(SIGKILL)
        for _ in 0..<1000 where handle.isAlive { usleep(5000) }
        _ = handle.howItEnded()
    }
    try? FileManager.default.removeItem(atPath: root)
}

/// Whether any process was started with a path under `root`.
func processesRemain(under root: String) -> Bool {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap(pid_t.init).contains { identifier in
        (try? ProcessHandle(identifier))?.arguments.contains { $0.hasPrefix(root + "/") } ?? false
    }
}

/// A pulse VM whose image lies beside the hosts' folders, as on storage that all of them see.
func pulse(
    near folder: String, name: String = "pulse-1", accelerator: AcceleratorChoice = .tcg, memory: Bytes = .mebibytes(16)
) throws -> VirtualMachineDefinition {
    let image = "\(folder)/../pulse.bin"
    let bytes = unsafe Array(UnsafeBufferPointer(start: pulse_guest_image(), count: pulse_guest_size()))
    try SmallFile.replace(image, with: bytes)
    var definition = try Fixture.definition(memory: memory)
    definition.name = try Fixture.name(name)
    definition.accelerator = accelerator
    definition.firmware = image
    return definition
}

/// Why tests under KVM do not run here; `nil` where they do.
let kvmProblem = AcceleratorProbe(qemu: "", folder: "").deviceProblem()

func threads(of process: pid_t) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task").map { "/proc/\(process)/task/\($0)" }
}

/// Waits for something that will happen by itself; the suite's time limit is the limit.
func eventually(_ condition: () async throws -> Bool) async throws {
    while try await !condition() { try await Task.sleep(for: .milliseconds(20)) }
}
