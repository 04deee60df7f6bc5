import FleetModel
import Foundation
import Glibc
import Logging
import Testing

@testable import LibvirtRuntime

/// Logs are the test's own business.
let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Whether guests may run under KVM here.
let hasKVM = unsafe access("/dev/kvm", R_OK | W_OK) == 0

/// What libvirt found out about QEMU, which takes it seconds, from the first host for all later ones: files by name.
private let capabilities = Locked<[String: Data]>([:])

/// Runs `body` with hosts of libvirt that see each other, and takes them down with all that runs on them.
func withHosts(_ count: Int, _ body: ([LibvirtHost], _ root: String) async throws -> Void) async throws {
    let root = "/tmp/ek-libvirt-\(UUID().uuidString.prefix(8))"
    let cache = "\(root)/capabilities"
    try FileManager.default.createDirectory(atPath: cache, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: root) }
    for (name, data) in capabilities.withLock({ $0 }) { try data.write(to: URL(fileURLWithPath: "\(cache)/\(name)")) }
    var hosts: [LibvirtHost] = []
    defer { for host in hosts { host.close() } }
    for (place, name) in ["ek-one", "ek-two"].prefix(count).enumerated() {
        hosts.append(try LibvirtHost(name, number: place + 1, under: root))
        if place == 0 { try await learn(from: hosts[0], under: root) }
    }
    if count == 2 { try hosts[0].connect(to: hosts[1]) }
    try await body(hosts, root)
}

/// Has the first host ask QEMU what it can, once for all tests.
private func learn(from host: LibvirtHost, under root: String) async throws {
    guard capabilities.withLock({ $0.isEmpty }) else { return }
    try host.virsh("version")
    let folder = "\(host.folder)/var/cache/libvirt/qemu/capabilities"
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
        guard let data = FileManager.default.contents(atPath: "\(folder)/\(name)") else { continue }
        capabilities.withLock { $0[name] = data }
        try data.write(to: URL(fileURLWithPath: "\(root)/capabilities/\(name)"))
    }
}

/// Runs `body` with a runtime that is served meanwhile.
func serving<Value>(
    _ configuration: LibvirtConfiguration, _ body: (LibvirtRuntime) async throws -> Value
) async throws -> Value {
    let runtime = try LibvirtRuntime(configuration, log: quiet)
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await runtime.run() }
        defer { group.cancelAll() }
        return try await body(runtime)
    }
}

/// Waits for something that will happen by itself; the suite's time limit is the limit.
func eventually(_ condition: () async throws -> Bool) async throws {
    while try await !condition() { try await Task.sleep(for: .milliseconds(20)) }
}

extension LibvirtRuntime {
    /// The state of a VM here; `nil` where it is not known.
    func state(_ id: VirtualMachineID) async throws -> VirtualMachineState? {
        try await virtualMachines().first { $0.definition.id == id }?.state
    }
}
