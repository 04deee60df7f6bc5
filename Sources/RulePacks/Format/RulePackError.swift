/// Why a pack cannot be used: everything that was found, so that one look is enough.
public struct RulePackError: Error, Sendable, Hashable {
    /// What was found, in the order of files and lines; never empty.
    public var findings: [PackFinding]

    /// The given findings.
    public init(_ findings: [PackFinding]) {
        self.findings = findings
    }
}

extension RulePackError: CustomStringConvertible {
    /// A line for each finding.
    public var description: String {
        findings.map(\.description).joined(separator: "\n")
    }
}

/// Something in a pack's file that must be put right.
public struct PackFinding: Sendable, Hashable, CustomStringConvertible {
    /// Where.
    public var place: SourcePlace
    /// What is wrong and what to write instead.
    public var message: String

    /// A finding.
    public init(_ place: SourcePlace, _ message: String) {
        self.place = place
        self.message = message
    }

    /// `file:line:column: message`.
    public var description: String { "\(place): \(message)" }
}

extension [PackFinding] {
    /// By file, line and column, `pack.yaml` first and what is said of a file as a whole behind its lines, each once.
    public var inOrder: [PackFinding] {
        var seen: Set<PackFinding> = []
        return filter { seen.insert($0).inserted }.sorted { left, right in
            func key(_ place: SourcePlace) -> (Int, String, Int, Int) {
                (place.file == "pack.yaml" ? 0 : 1, place.file, place.line == 0 ? .max : place.line, place.column)
            }
            return key(left.place) < key(right.place)
        }
    }
}

/// A place in a file.
public struct SourcePlace: Sendable, Hashable, Codable, CustomStringConvertible {
    /// The file's name inside its pack.
    public var file: String
    /// Counts from 1; 0 where the file as a whole is meant.
    public var line: Int
    /// Counts Unicode scalars from 1; 0 where the whole line is meant.
    public var column: Int

    /// A place; the whole file without line and column.
    public init(file: String, line: Int = 0, column: Int = 0) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// `file:line:column`, or the file alone.
    public var description: String {
        line == 0 ? file : "\(file):\(line):\(column)"
    }
}
