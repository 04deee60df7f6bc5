import FleetModel
import FoundationEssentials
import Glibc

/// Finds the QEMU processes of domains, and what the kernel says of them.
struct ProcessFinder {
    /// Where libvirt keeps process ids; readable for root only.
    let folder: String
    /// By UUID, from one look at all processes, made when it is first needed.
    private var all: [String: [Int32]]?

    init(folder: String) { self.folder = folder }

    /// The process of a domain: by libvirt's file, else by the UUID among its arguments; `nil` where neither can be
    /// read, or more than one process has that UUID, as where two daemons share a host.
    mutating func process(of id: VirtualMachineID, name: String) -> Int32? {
        if let number = recorded(name), Self.identities(of: number).contains(id.text) { return number }
        let known = all ?? Self.look()
        all = known
        let candidates = known[id.text] ?? []
        return candidates.count == 1 ? candidates.first : nil
    }

    private func recorded(_ name: String) -> Int32? {
        guard !name.contains("/") else { return nil }
        let text = Self.text("\(folder)/\(name).pid")
        return Int32(text.prefix { $0.isASCII && $0.isNumber })
    }

    private static func look() -> [String: [Int32]] {
        var all: [String: [Int32]] = [:]
        for number in (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap({ Int32($0) }) ?? [] {
            for identity in identities(of: number) { all[identity, default: []].append(number) }
        }
        return all
    }

    /// What follows `-uuid` among the arguments of a QEMU; anybody else may write there what he likes.
    private static func identities(of process: Int32) -> [String] {
        let arguments = text("/proc/\(process)/cmdline").split(separator: "\0")
        let program = arguments.first?.split(separator: "/").last ?? ""
        guard program.hasPrefix("qemu") || program == "kvm" else { return [] }
        return zip(arguments, arguments.dropFirst()).filter { $0.0 == "-uuid" }.map { $0.1.lowercased() }
    }

    /// Whether a process was started to wait for a guest that comes from elsewhere, or from a file.
    static func wasStartedToReceive(_ process: Int32) -> Bool {
        text("/proc/\(process)/cmdline").split(separator: "\0").contains("-incoming")
    }

    /// Memory that a process holds; `nil` when it has ended. Field 2 of /proc/PID/statm, in pages.
    static func residentMemory(of process: Int32) -> Bytes? {
        let fields = text("/proc/\(process)/statm").split(separator: " ")
        guard fields.count > 1, let pages = Int64(fields[1]) else { return nil }
        return Bytes(pages * Int64(sysconf(Int32(_SC_PAGESIZE))))
    }

    /// Whether the program that a process runs is still the installed one; an upgrade leaves the old one running.
    static func runsInstalledProgram(_ process: Int32) -> Bool {
        guard let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/exe") else {
            return false
        }
        return !path.hasSuffix(" (deleted)")
    }

    private static func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
}
