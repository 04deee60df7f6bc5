import FleetModel

/// What somebody asks for: a counter path, or a native counter's name with or without labels.
public enum CounterRequest: Hashable, Sendable {
    /// `\Object(instance)\Counter`.
    case path(CounterPath)
    /// `evenkeel_lp_run_seconds_total{lp="0"}`: the series that have these labels.
    case native(CounterTerm)

    /// Reads a request, and checks a path's machine against the name of this host; throws `CounterError`.
    public init(parsing text: String, hostName: String) throws(CounterError) {
        guard text.hasPrefix(#"\"#) else {
            self = .native(try NativeSelector.parse(text))
            return
        }
        let path = try CounterPath(parsing: text)
        guard path.isLocal(hostName: hostName) else {
            throw .counterPath(
                text: text, column: 3,
                reason: "'\(path.machine ?? "")' is not this machine (\(hostName)); "
                    + "other machines are asked through the server, with evenkeel query")
        }
        self = .path(path)
    }
}

/// `name{label="value", ...}`, the part of PromQL's selectors that needs no engine.
enum NativeSelector {
    static func parse(_ text: String) throws(CounterError) -> CounterTerm {
        let name = String(text.prefix { $0 != "{" })
        guard let counter = Counter(rawValue: name) else { throw unknown(name, in: text) }
        var rest = text.dropFirst(name.count)
        func problem(_ reason: String) -> CounterError {
            .counterPath(text: text, column: text.count - rest.count + 1, reason: reason)
        }
        var labels = Labels()
        guard rest.popFirst() != nil else { return CounterTerm(counter) }
        while rest.first != "}" {
            if rest.isEmpty { throw problem("a closing brace is missing") }
            let label = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
            rest = rest.dropFirst(label.count)
            guard !label.isEmpty, rest.hasPrefix("=\"") else {
                throw problem(#"expected label="value"; what is more than that, evenkeel query evaluates"#)
            }
            rest = rest.dropFirst(2)
            let value = rest.prefix { $0 != "\"" }
            rest = rest.dropFirst(value.count)
            guard rest.popFirst() != nil else { throw problem("a quotation mark is missing") }
            labels[String(label)] = String(value)
            while rest.first == "," || rest.first == " " { rest = rest.dropFirst() }
        }
        rest = rest.dropFirst()
        if !rest.isEmpty { throw problem("nothing may follow the labels") }
        return CounterTerm(counter, labels)
    }

    private static func unknown(_ name: String, in text: String) -> CounterError {
        let limit = max(2, name.count / 4)
        let nearest = Spelling.nearest(to: name, among: Counter.allCases.map(\.rawValue), within: limit)
        let advice = nearest.map { "did you mean \($0)?" } ?? "evenkeel counter ls lists all counters"
        return .unknownCounter(text: text, reason: "there is no such counter; \(advice)")
    }
}
