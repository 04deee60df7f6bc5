import FleetModel
import FoundationEssentials
import Glibc

/// Copies of a VM's disks, and its console.
extension DomainControl {
    /// How long the first sign of a copy may take that libvirt has said it began.
    private static let copyLimit = Duration.seconds(24 * 3600)

    /// A copy of one disk: made under a name that says that it is not whole, which it loses in the end.
    private struct Copy: Hashable, Sendable {
        var disk: String
        var path: String
        var partial: String { path + ".part" }
    }

    /// Copies all disks that the guest can write to, as they are at one moment, with libvirt's backup (push mode): QEMU
    /// keeps what the guest overwrites until it is copied, and the guest goes on.
    func snapshot(_ id: VirtualMachineID, into folder: String) async throws(LibvirtError) -> HostTaskAnswer {
        guard folder.hasPrefix("/"), DomainText.plain(folder) == folder else {
            return .refused("the folder '\(DomainText.plain(folder) ?? "")' is not an absolute path")
        }
        guard let sight = try await sight(id) else { return Self.notKnown(id) }
        let description = try await domain(id, "describe") { domain throws(LibvirtError) in try domain.description() }
        guard let description else { return Self.notKnown(id) }
        let copies = Self.copies(of: description, id: id, in: folder)
        if copies.isEmpty { return .refused("the VM has no disk that can be copied") }
        // It was done before.
        if copies.allSatisfy({ FileManager.default.fileExists(atPath: $0.path) }) { return .done }
        guard sight.place == .running || sight.place == .paused else {
            return .refused(
                "the VM is \(sight.place.rawValue): libvirt copies disks while the guest runs, and files at rest need "
                    + "nothing but cp")
        }
        var isFolder = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder else {
            return .refused("the folder \(folder) is not on this host")
        }
        for copy in copies where [copy.path, copy.partial].contains(where: FileManager.default.fileExists) {
            return .refused("\(copy.path) is there already, or part of it: remove it, or name another folder")
        }
        return try await copy(id, copies, quiesced: description.guestAgent && sight.place == .running)
    }

    private func copy(
        _ id: VirtualMachineID, _ copies: [Copy], quiesced: Bool
    ) async throws(LibvirtError) -> HostTaskAnswer {
        let document = Markup.element("domainbackup", ["mode": "push"]) {
            Markup.element("disks") {
                for copy in copies {
                    Markup.element("disk", ["name": copy.disk, "type": "file"]) {
                        Markup.element("target", ["file": copy.partial])
                        Markup.element("driver", ["type": "qcow2"])
                    }
                }
            }
        }
        do throws(LibvirtError) {
            let advice = try await domain(id, "copy the disks of", lasts: true) { domain throws(LibvirtError) in
                try domain.beginBackup(document, quiesced: quiesced)
            }
            guard let advice else { return Self.notKnown(id) }
            if let problem = try await copyProblem(id) {
                Self.remove(copies)
                return .failed("the copy did not come to its end: \(problem)")
            }
            return Self.finish(copies, advice)
        } catch {
            Self.remove(copies)
            throw error
        }
    }

    /// Waits for the end of the copy; why it is not whole, `nil` where it is.
    private func copyProblem(_ id: VirtualMachineID) async throws(LibvirtError) -> String? {
        _ = try await sight(id, within: Self.copyLimit) { $0?.job != .other }
        let ended = try await domain(id, "ask for the end of copying") { domain throws(LibvirtError) in
            try domain.jobReading(hasEnded: true)
        }
        guard let ended, ended.operation == 9 else { return "the VM has ended meanwhile" }
        return ended.type == 3 ? nil : ended.problem ?? "it was cancelled"
    }

    private static func finish(_ copies: [Copy], _ advice: [String]) -> HostTaskAnswer {
        for copy in copies where unsafe rename(copy.partial, copy.path) != 0 {
            return .failed("\(copy.partial) is whole and cannot be renamed: error \(errno)")
        }
        return advice.isEmpty ? .done : .advised(advice)
    }

    private static func remove(_ copies: [Copy]) {
        for copy in copies { unsafe unlink(copy.partial) }
    }

    private static func copies(of description: DomainDescription, id: VirtualMachineID, in folder: String) -> [Copy] {
        description.disks
            .filter { $0.device == "disk" && !$0.isReadOnly && $0.path != nil && !$0.name.contains("/") }
            .map { Copy(disk: $0.name, path: "\(folder)/\(id)-\($0.name).qcow2") }
    }

    /// Where the first serial port is reached.
    func console(of id: VirtualMachineID) async throws -> ConsolePlace {
        let seen = try await domain(id, "look for the console of") { domain throws(LibvirtError) in
            (try domain.sight().place, try domain.description().console)
        }
        guard let (place, console) = seen else { throw NoConsole("libvirt here does not know the VM \(id)") }
        guard place.ownsGuest else { throw NoConsole("the VM is \(place.rawValue) here") }
        guard let console else { throw NoConsole("the VM has no serial port that can be reached from this host") }
        return console
    }
}

extension OwnedDomain {
    /// Begins to copy disks, the guest's file systems at rest at that moment where its agent answers; gives what speaks
    /// against the copy.
    fileprivate func beginBackup(_ document: String, quiesced: Bool) throws(LibvirtError) -> [String] {
        var advice: [String] = []
        var isAtRest = false
        if quiesced {
            do throws(LibvirtError) {
                try freeze()
                isAtRest = true
            } catch {
                advice = ["the guest's file systems were not at rest: \(error)"]
            }
        } else {
            advice = ["the guest's file systems were not at rest: it has no guest agent, or does not run"]
        }
        // Whatever becomes of the copy, the guest may write again.
        defer { if isAtRest { try? thaw() } }
        try beginBackup(document)
        return advice
    }
}
