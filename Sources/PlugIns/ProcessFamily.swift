import FoundationEssentials
import Glibc

/// Every process that came of a program: found by parents, by session, and by a mark in the environment, so that also one
/// that left its parents and its session is known. A process that was seen once is known for good, with when it started,
/// so that nobody else who gets its number later is taken for it.
///
/// Without a guard (`ProgramGuard`), what takes the mark out of its environment and loses its parents between two looks is
/// not found.
struct ProcessFamily {
    static let mark = "EVENKEEL_PLUG_IN"

    private struct Member: Hashable {
        let process: pid_t
        /// In clock ticks since boot.
        let started: UInt64
    }

    private let head: pid_t
    /// Whether the head is a guard: it takes in what loses its parents, is not asked to end, and ends last.
    private let isKept: Bool
    /// What the mark's value is, or begins with.
    private let mark: String?
    private let isWhole: Bool
    private var known: Set<Member> = []

    init(head: pid_t, token: String, isKept: Bool) {
        (self.head, self.isKept) = (head, isKept)
        (mark, isWhole) = (token, true)
    }

    /// Everything that came of the guard itself.
    init(keeper: pid_t) {
        (head, isKept) = (keeper, true)
        (mark, isWhole) = (nil, true)
    }

    /// What an earlier server's programs have left, by what the values of their marks begin with.
    init(leftBy owner: String) {
        (head, isKept) = (-1, false)
        (mark, isWhole) = (owner + ".", false)
    }

    /// Looks at all processes of the machine; returns those of the family that live, the head among them.
    mutating func living() -> [pid_t] {
        let all = Self.table()
        let byNumber = Dictionary(all.map { ($0.process, $0) }, uniquingKeysWith: { first, _ in first })
        known = known.filter { byNumber[$0.process]?.started == $0.started }
        var found = Set(known.map(\.process))
        for row in all where row.process == head || row.session == head || isMarked(row.process) {
            found.insert(row.process)
        }
        if isKept { found.insert(head) }
        // Children of those found, of any depth.
        var grows = true
        while grows {
            grows = false
            for row in all where found.contains(row.parent) && found.insert(row.process).inserted { grows = true }
        }
        for number in found {
            if let row = byNumber[number] { known.insert(Member(process: number, started: row.started)) }
        }
        if isKept { found.remove(head) }
        return found.filter { byNumber[$0].map { !$0.isZombie } ?? false }.sorted()
    }

    /// Ends all of it for good; returns whether nothing lives any more. What forks faster than it is killed is halted
    /// first.
    mutating func kill() -> Bool {
        for _ in 0..<100 {
            let members = living()
            if members.isEmpty { return true }
            for member in members { Glibc.kill(member, SIGSTOP) }
            for member in living() { Glibc.kill(member, SIGKILL) }
            usleep(2000)
        }
        return living().isEmpty
    }

    // MARK: /proc

    private struct Row {
        let process: pid_t
        let parent: pid_t
        let session: pid_t
        let started: UInt64
        let isZombie: Bool
    }

    private static func table() -> [Row] {
        guard let folder = unsafe opendir("/proc") else { return [] }
        defer { unsafe closedir(folder) }
        var rows: [Row] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if let number = pid_t(name), let row = row(number) { rows.append(row) }
        }
        return rows
    }

    /// proc_pid_stat(5): after the name in parentheses state, parent, group, session, and 16 further on the start.
    private static func row(_ process: pid_t) -> Row? {
        guard let text = read("/proc/\(process)/stat"), let end = text.lastIndex(of: UInt8(ascii: ")")) else {
            return nil
        }
        let fields = text[(end + 1)...].split(separator: 0x20).map { String(decoding: $0, as: UTF8.self) }
        guard fields.count > 19, let parent = pid_t(fields[1]), let session = pid_t(fields[3]),
            let started = UInt64(fields[19])
        else { return nil }
        return Row(
            process: process, parent: parent, session: session, started: started,
            isZombie: fields[0] == "Z" || fields[0] == "X")
    }

    private func isMarked(_ process: pid_t) -> Bool {
        guard let mark, process != getpid(), let bytes = Self.read("/proc/\(process)/environ") else { return false }
        return bytes.split(separator: 0).contains { entry in
            let text = Array("\(Self.mark)=\(mark)".utf8)
            return isWhole ? entry.elementsEqual(text) : entry.starts(with: text)
        }
    }

    private static func read(_ path: String) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
        return count >= 0 ? Array(bytes.prefix(count)) : nil
    }
}
