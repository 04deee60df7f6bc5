/// Files that are damaged and are set aside under another name, so that the store can go on without them and nothing of
/// them is lost for good.
enum Quarantine {
    fileprivate static let suffix = ".damaged"
    private static let companions = ["-wal", "-shm", "-journal"]

    /// The names of the files that were set aside, journals left out.
    static func files(_ names: [String]) -> [String] {
        names.filter {
            $0.hasSuffix(suffix) || $0.contains(suffix + "-") && Int($0.split(separator: "-").last ?? "") != nil
        }
        .filter { name in !companions.contains { name.hasSuffix($0 + suffix) } }
    }

    /// Sets a database aside with its journal, which another file of its name must not find. Returns the name that it
    /// has then: one that was not taken.
    static func setAside(_ name: String, in folder: DiskFolder) throws(StoreError) -> String {
        let names = Set(try folder.list())
        var target = name + suffix
        var number = 2
        while names.contains(target) {
            target = "\(name)\(suffix)-\(number)"
            number += 1
        }
        // The journal first: a crash between must not leave it beside a new file.
        for companion in companions where names.contains(name + companion) {
            try folder.rename(name + companion, to: target + companion)
        }
        try folder.rename(name, to: target)
        return target
    }
}

extension DiskFolder {
    /// Whether a file was set aside, now or earlier; a page of it is not the file.
    func has(asideOf name: String) -> Bool {
        let names = (try? list()) ?? []
        return Quarantine.files(names).contains { $0.hasPrefix(name + Quarantine.suffix) }
    }
}
