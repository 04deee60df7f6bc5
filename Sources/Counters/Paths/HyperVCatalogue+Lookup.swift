import FleetModel

extension HyperVCatalogue {
    /// The entries that a path means, whatever its instance. Throws `CounterError.unknownCounter` where there is none,
    /// with what was meant perhaps, and where the path has an instance and the object has none, or the other way about.
    public static func counters(for path: CounterPath) throws(CounterError) -> [HyperVCounter] {
        let object = try object(named: path.object, in: path)
        let found = counters.filter { $0.object.name == object.name && path.counter.matches($0.name) }
        guard !found.isEmpty else {
            let known = counters.filter { $0.object.name == object.name }.map(\.name)
            throw unknown("'\(object.name)' has no counter '\(path.counter.text)'", path.counter.text, known, path)
        }
        switch (path.instance, object.instances) {
        case (.some, nil):
            throw .unknownCounter(text: "\(path)", reason: "'\(object.name)' has no instances; leave (...) out")
        case (nil, .some):
            throw .unknownCounter(
                text: "\(path)", reason: "'\(object.name)' has instances; write '\(object.name)(*)' for all of them")
        case (.some(let instance), .some) where instance.parent != nil:
            throw .unknownCounter(text: "\(path)", reason: "the instances of '\(object.name)' have no parents")
        default: return found
        }
    }

    private static func object(named name: String, in path: CounterPath) throws(CounterError) -> HyperVObject {
        if let found = objects.first(where: { $0.name.lowercased() == name.lowercased() }) { return found }
        throw unknown("there is no object '\(name)'", name, objects.map(\.name), path)
    }

    private static func unknown(
        _ reason: String, _ word: String, _ known: [String], _ path: CounterPath
    ) -> CounterError {
        let lowered = Dictionary(known.map { ($0.lowercased(), $0) }, uniquingKeysWith: { first, _ in first })
        let limit = max(2, word.count / 3)
        let nearest = Spelling.nearest(to: word.lowercased(), among: lowered.keys.sorted(), within: limit)
        let meant = nearest.flatMap { lowered[$0] }
        let advice = meant.map { "did you mean '\($0)'?" } ?? "evenkeel counter ls lists all counters"
        return .unknownCounter(text: "\(path)", reason: "\(reason); \(advice)")
    }
}

extension Counter {
    /// The paths of the Hyper-V counters that are made from the counter: first the one that says the same.
    public var hyperVPaths: [String] {
        let first = entry.hyperVPath
        return [first].compactMap(\.self)
            + HyperVCatalogue.counters.filter { $0.natives.contains(self) && $0.path != first }.map(\.path)
    }
}

extension HyperVCounter {
    /// The terms of its formula and of its total's.
    public var allTerms: [CounterTerm] {
        if case .own(let formula) = total { self.formula.terms + formula.terms } else { formula.terms }
    }

    /// The native counters that it is made from, each once.
    public var natives: [Counter] {
        allTerms.reduce(into: []) { found, term in
            if !found.contains(term.counter) { found.append(term.counter) }
        }
    }
}
