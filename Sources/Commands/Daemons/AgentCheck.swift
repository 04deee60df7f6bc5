import Counters
import FleetModel
import Foundation
import HTTPClient
import HTTPDoor
import HostAgent
import HostRuntime
import LibvirtRuntime
import Logging

/// `evenkeel agent --check`: what an agent with this configuration can and cannot see and do on this host.
struct AgentCheck {
    /// One line of the answer.
    struct Line: Encodable {
        /// `yes`, `no`, or `wrong` for what the configuration asks for and does not get.
        enum Answer: String, Encodable { case yes, no, wrong }
        var subject: String
        var answer: Answer
        var detail: String
    }

    private(set) var lines: [Line] = []

    /// Whether something that the configuration asks for is not to be had.
    var isWrong: Bool { lines.contains { $0.answer == .wrong } }

    /// Looks at everything once.
    init(_ settings: AgentConfiguration, logger: Logger) async {
        say("host", true, "\(settings.host) in cluster \(settings.cluster)")
        checkPartition(settings)
        await checkParts(settings, logger: logger)
        checkReaders(settings)
        for sight in HostSight.all(settings.samplerOptions) { say(sight.subject, sight.isSeen, sight.detail) }
        checkRights(settings)
        await checkServer(settings)
    }

    /// A table for a person.
    var text: String {
        var table = TextTable("WHAT", "HERE", "DETAIL")
        for line in lines { table.add(line.subject, line.answer.rawValue, line.detail) }
        return table.text
    }

    private mutating func say(_ subject: String, _ isSeen: Bool, _ detail: String) {
        lines.append(Line(subject: subject, answer: isSeen ? .yes : .no, detail: detail))
    }

    private mutating func complain(_ subject: String, _ detail: String) {
        lines.append(Line(subject: subject, answer: .wrong, detail: detail))
    }

    private mutating func checkPartition(_ settings: AgentConfiguration) {
        say(
            "logical processors", true,
            settings.logicalProcessors.map { "\($0) of this machine" } ?? "all of this machine")
        say("memory of the host", true, settings.memory.map { "\($0)" } ?? "all of this machine")
    }

    private mutating func checkParts(_ settings: AgentConfiguration, logger: Logger) async {
        // In a folder of its own: an agent may be at work in the configured one, and a check leaves nothing behind.
        var settings = settings
        let folder = FileManager.default.temporaryDirectory.path + "/ek-check-\(UUID().uuidString.prefix(8))"
        settings.machinesFolder = folder
        defer { try? FileManager.default.removeItem(atPath: folder) }
        do {
            let parts = try await AgentParts(settings, logger: logger)
            let notice = parts.finding.notice.map { " (\($0))" } ?? ""
            say(
                "bundled runtime", parts.runtime != nil,
                parts.runtime == nil
                    ? parts.notices.first { $0.contains("runtime") } ?? "left out"
                    : "\(settings.emulator), accelerator \(parts.finding.accelerator.rawValue)\(notice)")
            await checkLibvirt(parts, settings)
            say(
                "receives VMs", settings.migrationAddress != nil, settings.migrationAddress ?? "set 'migration_address'"
            )
            await parts.runtime?.close()
        } catch {
            complain("virtual machines", "\(error)")
        }
    }

    private mutating func checkLibvirt(_ parts: AgentParts, _ settings: AgentConfiguration) async {
        if settings.libvirt == .off { return say("libvirt", false, "left out: 'libvirt' is off") }
        guard let libvirt = parts.libvirt else {
            return say("libvirt", false, parts.notices.first { $0.contains("libvirt") } ?? "no libvirtd runs here")
        }
        let answer = await withTaskGroup(of: Result<Int, any Error>?.self) { group in
            group.addTask {
                await libvirt.run(); return nil
            }
            group.addTask {
                do { return .success(try await libvirt.virtualMachines().count) } catch { return .failure(error) }
            }
            defer { group.cancelAll() }
            for await result in group { if let result { return Optional(result) } }
            return nil
        }
        switch answer {
        case .success(let count):
            let how = settings.libvirtControl ? "controlled" : "looked at only"
            say("libvirt", true, "\(count) virtual machine(s), \(how)")
        case .failure(let error):
            if settings.libvirt == .auto { say("libvirt", false, "\(error)") } else { complain("libvirt", "\(error)") }
        case nil: say("libvirt", false, "it did not answer")
        }
    }

    private mutating func checkReaders(_ settings: AgentConfiguration) {
        var sampler = HostSampler(settings.samplerOptions)
        _ = sampler.sample([])
        let sample = sampler.sample([])
        for reader in Reader.allCases {
            guard sample.readings.contains(where: { $0.key == SeriesKey(.readerSuccess, .reader(reader)) }) else {
                continue
            }
            if let problem = sample.problems[reader] {
                complain("reader \(reader.rawValue)", "\(problem)")
            } else {
                say("reader \(reader.rawValue)", true, "works")
            }
        }
        let split = sample.readings.contains { reading in
            if case .runTime(_, .virtual) = reading.key.subject { return true }
            return false
        }
        if split {
            say("guest code", false, "the platform does not tell guest code from the hypervisor's: mode virtual")
        }
        for machine in sample.unmanaged {
            say("VM \(machine.definition.name)", true, "process \(machine.process ?? 0), which nobody manages yet")
        }
    }

    private mutating func checkRights(_ settings: AgentConfiguration) {
        say("user", true, "uid \(getuid())")
        let kvm = unsafe access("/dev/kvm", R_OK | W_OK) == 0
        say(
            "KVM", kvm,
            kvm ? "/dev/kvm" : "/dev/kvm is missing, or this user is not in group kvm: guests are translated")
        checkFolder("spool", settings.dataFolder, "up to \(settings.spoolLimit)")
        if settings.runtime != .off { checkFolder("folder of VMs", settings.machinesFolder, "one folder a VM") }
    }

    /// Whether a folder can be written to, or made, by this user; nothing is made.
    private mutating func checkFolder(_ subject: String, _ path: String, _ detail: String) {
        var existing = path
        while !FileManager.default.fileExists(atPath: existing), existing.count > 1 {
            existing = URL(fileURLWithPath: existing).deletingLastPathComponent().path
        }
        let isFolder = (try? FileManager.default.contentsOfDirectory(atPath: existing)) != nil
        if isFolder, FileManager.default.isWritableFile(atPath: existing) {
            say(subject, true, existing == path ? "\(path), \(detail)" : "\(path), which will be made; \(detail)")
        } else {
            complain(subject, "\(path) cannot be written to by this user (uid \(getuid()))")
        }
    }

    private mutating func checkServer(_ settings: AgentConfiguration) async {
        if let file = settings.tokenFile, FileManager.default.contents(atPath: file) == nil {
            complain("token", "\(file) cannot be read")
        }
        let client = HTTPClient(agent: "evenkeel-agent/\(Version.text)")
        defer { client.close() }
        var request = HTTPRequest(.get, "\(settings.server)/-/ready")
        request.totalLimit = .seconds(5)
        request.certificateAuthority = settings.certificateAuthority
        do throws(HTTPClientError) {
            try await client.send(request).requireSuccess()
            try await checkAccess(settings, client)
        } catch {
            say("server", false, "\(error); samples wait on disk until it answers")
        }
        checkMetrics(settings)
    }

    /// Whether the server takes this agent for this host's.
    private mutating func checkAccess(
        _ settings: AgentConfiguration, _ client: HTTPClient
    ) async throws(HTTPClientError) {
        let host = HTTPRequest.encoded(settings.host.text)
        var request = HTTPRequest(.get, "\(settings.server)/agent/v1/commands?host=\(host)&after=\(Int64.max)&wait=0")
        request.totalLimit = .seconds(10)
        request.certificateAuthority = settings.certificateAuthority
        let token = settings.tokenFile.flatMap { FileManager.default.contents(atPath: $0) }
            .map { String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines) }
        if let token, !token.isEmpty { request.authorize(bearer: token) }
        let response = try await client.send(request)
        switch response.status {
        case 200...299: say("server", true, settings.server)
        case 401, 403:
            complain(
                "server", "\(settings.server) does not let this agent speak for '\(settings.host)': \(response.text)")
        default: say("server", false, "\(settings.server) answers with status \(response.status)")
        }
    }

    private mutating func checkMetrics(_ settings: AgentConfiguration) {
        say(
            "page of metrics", settings.metrics != nil,
            settings.metrics?.address.authority ?? "nowhere: set 'metrics_listen'")
    }
}
