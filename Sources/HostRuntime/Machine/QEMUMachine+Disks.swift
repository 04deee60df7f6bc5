import FleetModel
import FoundationEssentials
import Glibc
import Logging

/// Disks that only one host sees move along: the destination makes empty images and serves them over NBD, the source
/// copies into them while the guest runs and then writes to both, and the guest is halted for its last part only once
/// both are the same (QEMU, docs/interop/live-block-operations.rst, "Live storage migration").
extension QEMUMachine {
    /// How long one mirror has to end once both sides are the same.
    private static let mirrorEndLimit = Duration.seconds(30)
    /// How many ports are tried where none are configured.
    private static let portsTried = 64

    // MARK: At the destination

    /// Makes the images that are to be filled; `nil` where no disk comes along. After an error none is left.
    func makeLocalDisks(for migration: IncomingMigration) throws(HostRuntimeError) -> [String]? {
        let places = migration.definition.localDisks
        if places.isEmpty { return nil }
        var made: [String] = []
        do throws(HostRuntimeError) {
            for place in places {
                guard let size = migration.diskSizes?[place], size > .zero else {
                    throw .definition(field: "disks[\(place)]", problem: "nobody said how large this local disk is")
                }
                let disk = migration.definition.disks[place]
                let path = try host.place(of: disk)
                try EmptyImage.make(at: path, format: disk.format, size: size)
                made.append(path)
            }
        } catch {
            for path in made { unsafe _ = unlink(path) }
            throw error
        }
        return made
    }

    /// Serves the images; QEMU itself tries the ports.
    func awaitDisks(
        of definition: VirtualMachineDefinition, at address: MigrationAddress
    ) async throws(HostRuntimeError) -> String {
        let ports =
            host.migrationPorts.map(Array.init)
            ?? (0..<Self.portsTried).map { _ in UInt16.random(in: 49152...65535) }
        var problem = HostRuntimeError.migrationAddress(address.text, problem: "no ports are configured")
        for port in ports {
            var server: [String: JSONValue] = [
                "addr": ["type": "inet", "data": ["host": .string(address.host), "port": .string("\(port)")]]
            ]
            if host.migrationTLS != nil { server["tls-creds"] = "tls-server" }
            do throws(HostRuntimeError) {
                try await command("nbd-server-start", .object(server))
            } catch {
                problem = error
                guard case .monitor(.refused) = error else { throw error }
                continue
            }
            for place in definition.localDisks {
                let name = QEMUCommandLine.diskName(place)
                try await command(
                    "block-export-add",
                    ["type": "nbd", "id": .string("export-\(name)"), "node-name": .string(name), "writable": true])
            }
            return MigrationAddress(host: address.host, port: port).text
        }
        throw problem
    }

    /// Serves the images no more: the guest is here, and they are its own.
    func closeDisks() async {
        guard record?.disksAt != nil, record?.incoming == nil else { return }
        do throws(HostRuntimeError) {
            try await command("nbd-server-stop")
            try update { $0.disksAt = nil }
        } catch {
            log.error("the disks that came along are still served: \(error)", metadata: ["vm": "\(id)"])
        }
    }

    // MARK: At the source

    /// Whether copies are being made.
    func areDisksMoving() async throws(HostRuntimeError) -> Bool { try await !mirrors().isEmpty }

    /// Puts away what the guest, which is elsewhere with all of it, has left: images in the host's own folder go, those
    /// that somebody named by their path are kept under another name.
    func putLocalDisksAway() {
        guard let record, record.isSending == true else { return }
        for place in record.definition.localDisks {
            let disk = record.definition.disks[place]
            guard let path = try? host.place(of: disk) else { continue }
            let isDone = disk.path.hasPrefix("/") ? unsafe rename(path, path + ".moved") : unsafe unlink(path)
            if isDone != 0 {
                log.warning("cannot put \(path) away: \(lastSystemError())", metadata: ["vm": "\(id)"])
            }
        }
    }

    /// How large the local disks are, once QEMU has them open.
    func lookAtLocalDisks() async -> [Int: Bytes]? {
        guard let record, process != nil, !record.definition.localDisks.isEmpty else { return nil }
        if let localDiskSizes { return localDiskSizes }
        guard let nodes = try? await command("query-named-block-nodes", ["flat": true]).items else { return nil }
        var sizes: [Int: Bytes] = [:]
        for place in record.definition.localDisks {
            let node = nodes.first { $0["node-name"]?.text == QEMUCommandLine.diskName(place) }
            guard let size = node?["image"]?["virtual-size"]?.whole else { return nil }
            sizes[place] = Bytes(size)
        }
        localDiskSizes = sizes
        return sizes
    }

    /// Begins to copy; what runs already, as after a restart of the agent, goes on.
    func mirrorDisks(to address: String, _ migration: OutgoingMigration) async throws(HostRuntimeError) {
        guard let record else { return }
        let server = try MigrationAddress(address)
        try server.requireSafety(hasTLS: host.migrationTLS != nil)
        let running = Set(try await mirrors().keys)
        for place in record.definition.localDisks where !running.contains(Self.mirrorName(place)) {
            let (disk, mirror) = (QEMUCommandLine.diskName(place), Self.mirrorName(place))
            _ = try? await command("blockdev-del", ["node-name": .string(mirror)])
            var target: [String: JSONValue] = [
                "driver": "nbd", "node-name": .string(mirror), "export": .string(disk),
                "server": ["type": "inet", "host": .string(server.host), "port": .string("\(server.port)")],
            ]
            if host.migrationTLS != nil {
                target["tls-creds"] = "tls-client"
                target["tls-hostname"] = .string(migration.destinationName ?? "")
            }
            try await command("blockdev-add", .object(target))
            var job: [String: JSONValue] = [
                "job-id": .string(mirror), "device": .string(disk), "target": .string(mirror), "sync": "full",
                // Once all is copied, a write is done when both sides have it.
                "copy-mode": "background", "auto-dismiss": false,
            ]
            if let limit = migration.bandwidthLimit { job["speed"] = .integer(limit.count) }
            try await command("blockdev-mirror", .object(job))
        }
    }

    /// Waits until the copies are whole and begins to send memory; an answer where it does not come to that.
    func disksMoved(
        _ migration: OutgoingMigration, asked: ContinuousClock.Instant,
        _ progress: @Sendable (MigrationProgress) -> Void
    ) async throws(HostRuntimeError) -> HostTaskAnswer? {
        // Disks take their time, and go on without harm; what a copy that stands still is given up by is its connection.
        while await look() == .running {
            let seen = changes.rings
            let mirrors = try await mirrors()
            if mirrors.isEmpty { return .failed("the disks are not being copied") }
            if let problem = mirrors.values.compactMap(\.problem).first {
                await dropMirrors()
                return .failed("a disk could not be copied: \(problem)")
            }
            if takeCancellation(of: asked) {
                await dropMirrors()
                return .failed("sending was cancelled while disks were copied")
            }
            if mirrors.values.allSatisfy(\.isReady) {
                try await sendMemory(to: try MigrationAddress(migration.destination))
                return nil
            }
            progress(
                MigrationProgress(
                    transferred: Bytes(mirrors.values.reduce(0) { $0 + $1.done }),
                    remaining: Bytes(mirrors.values.reduce(0) { $0 + max(0, $1.length - $1.done) }),
                    total: Bytes(mirrors.values.reduce(0) { $0 + $1.length })))
            await changes.wait(after: seen, upTo: .milliseconds(500))
        }
        return nil
    }

    /// Ends the copies, which are the same as the disks now, and lets the guest leave.
    func handOverDisks() async throws(HostRuntimeError) {
        for name in try await mirrors().keys.sorted() {
            try await command("block-job-cancel", ["device": .string(name)])
        }
        let deadline = ContinuousClock.now + Self.mirrorEndLimit
        while true {
            let seen = changes.rings
            let mirrors = try await mirrors()
            if let problem = mirrors.values.compactMap(\.problem).first {
                throw .migration("a disk was not copied whole: \(problem)")
            }
            if mirrors.values.allSatisfy({ $0.status == "concluded" }) { break }
            if ContinuousClock.now >= deadline { throw .migration("the copies of the disks do not come to an end") }
            await changes.wait(after: seen, upTo: .milliseconds(100))
        }
        await dropMirrors()
        try await command("migrate-continue", ["state": "pre-switchover"])
    }

    /// Ends the copies, whatever they are at.
    func dropMirrors() async {
        guard let mirrors = try? await mirrors() else { return }
        for (name, mirror) in mirrors where mirror.status != "concluded" {
            _ = try? await command("block-job-cancel", ["device": .string(name), "force": true])
        }
        let deadline = ContinuousClock.now + Self.mirrorEndLimit
        while let left = try? await self.mirrors(), left.values.contains(where: { $0.status != "concluded" }),
            ContinuousClock.now < deadline
        {
            await changes.wait(after: changes.rings, upTo: .milliseconds(100))
        }
        for name in mirrors.keys {
            _ = try? await command("job-dismiss", ["id": .string(name)])
            _ = try? await command("blockdev-del", ["node-name": .string(name)])
        }
    }

    private static func mirrorName(_ place: Int) -> String { "mirror\(place)" }

    /// The copies that are being made or have ended, by their name.
    private func mirrors() async throws(HostRuntimeError) -> [String: Mirror] {
        var found: [String: Mirror] = [:]
        for job in try await command("query-jobs").items ?? [] {
            guard let name = job["id"]?.text, name.hasPrefix("mirror"), job["type"]?.text == "mirror" else { continue }
            found[name] = Mirror(job)
        }
        return found
    }
}

/// A copy that is being made (QEMU's qapi/job.json, JobInfo).
private struct Mirror {
    var status: String
    var problem: String?
    var done: Int64
    var length: Int64

    init(_ job: JSONValue) {
        status = job["status"]?.text ?? ""
        problem = job["error"]?.text
        done = job["current-progress"]?.whole ?? 0
        length = job["total-progress"]?.whole ?? 0
    }

    var isReady: Bool { status == "ready" }
}

extension VirtualMachineDefinition {
    /// The places of disks that only the VM's host sees and that the guest writes to.
    var localDisks: [Int] { disks.indices.filter { disks[$0].isLocal && !disks[$0].isReadOnly } }
}

extension RuntimeConfiguration {
    /// Where the image of a disk lies on this host. A local disk may have a path inside of the host's folder for them.
    func place(of disk: VirtualMachineDefinition.Disk) throws(HostRuntimeError) -> String {
        if disk.path.hasPrefix("/") || !disk.isLocal { return disk.path }
        guard let localDisks else {
            throw .definition(
                field: "disks", problem: "'\(disk.path)' is relative, and this host has no folder for local disks")
        }
        let parts = disk.path.split(separator: "/", omittingEmptySubsequences: false)
        guard !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) else {
            throw .definition(field: "disks", problem: "'\(disk.path)' leads out of the folder for local disks")
        }
        return "\(localDisks)/\(disk.path)"
    }

    /// The definition with every disk where it lies on this host.
    func placed(_ definition: VirtualMachineDefinition) throws(HostRuntimeError) -> VirtualMachineDefinition {
        var placed = definition
        for place in placed.disks.indices { placed.disks[place].path = try self.place(of: placed.disks[place]) }
        return placed
    }
}
