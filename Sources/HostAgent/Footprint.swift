import Glibc

/// Gives back what only the start needed: pages of program code and constants that were read once and stay resident for
/// nothing. The kernel keeps them in its cache and maps again what is used again, so the agent shows what it really uses.
enum Footprint {
    /// Lets go of this process's pages of code and constants. Where it cannot, nothing is lost.
    static func dropStartup() {
        for range in untouchedRanges(String(decoding: content("/proc/self/smaps"), as: UTF8.self)) {
            guard let start = unsafe UnsafeMutableRawPointer(bitPattern: range.lowerBound) else { continue }
            unsafe madvise(start, range.count, MADV_DONTNEED)
        }
    }

    /// All of a file that the kernel makes up as it is read, a page or less at a time; what could be read of it.
    private static func content(_ path: String) -> [UInt8] {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { close(file) }
        var content: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe part.withUnsafeMutableBytes { unsafe read(file, $0.baseAddress, $0.count) }
            if count <= 0 { return content }
            content.append(contentsOf: part[..<count])
        }
    }

    /// The addresses of `/proc/PID/smaps` that a file has word for word: private mappings of files that cannot be written
    /// to and have no page of their own. (Constants with addresses in them are written to once, by the loader, before
    /// they are made read-only: those pages are `Anonymous` and must stay.)
    ///
    /// ```
    /// 7f0000001000-7f0000003000 r-xp 00000000 08:01 4711    /usr/bin/evenkeel
    /// Rss:                   8 kB
    /// Anonymous:             0 kB
    /// ```
    static func untouchedRanges(_ maps: String) -> [Range<UInt>] {
        var found: [Range<UInt>] = []
        var current: Range<UInt>?
        for line in maps.split(separator: "\n") {
            if let colon = line.firstIndex(of: ":"), line[..<colon].allSatisfy({ $0.isLetter || "_".contains($0) }) {
                let isAnonymous = line.hasPrefix("Anonymous:")
                if isAnonymous, let range = current, line.split(separator: " ").dropFirst().first == "0" {
                    found.append(range)
                }
            } else {
                current = fileRange(line)
            }
        }
        return found
    }

    private static func fileRange(_ line: Substring) -> Range<UInt>? {
        let fields = line.split(separator: " ", maxSplits: 5)
        guard fields.count == 6, fields[1] == "r-xp" || fields[1] == "r--p",
            fields[5].drop(while: { $0 == " " }).hasPrefix("/")
        else { return nil }
        let ends = fields[0].split(separator: "-").map { UInt($0, radix: 16) }
        guard ends.count == 2, let start = ends[0], let end = ends[1], start < end else { return nil }
        return start..<end
    }
}
