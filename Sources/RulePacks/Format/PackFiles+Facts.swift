import CLinux

extension PackFiles {
    /// What a file looks like from outside, so that a change of it is noticed.
    public struct Facts: Hashable, Sendable {
        private let numbers: [Int64]

        init?(file path: String) {
            var numbers: [Int64] = [0, 0, 0, 0]
            guard unsafe linux_file_facts(path, &numbers) == 0 else { return nil }
            self.numbers = numbers
        }
    }

    /// What the YAML files of the pack at `path` look like from outside, by name; of a pack that is one file, under `""`.
    /// Empty where there is nothing.
    public static func facts(of path: String) -> [String: Facts] {
        let names = try? self.names(in: path)
        guard let names else { return Facts(file: path).map { ["": $0] } ?? [:] }
        var found: [String: Facts] = [:]
        for name in names.filter(isYAML).prefix(mostFiles + 1) { found[name] = Facts(file: "\(path)/\(name)") }
        return found
    }
}
