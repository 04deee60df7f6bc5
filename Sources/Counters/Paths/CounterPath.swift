/// A counter path as Windows' Performance Data Helper writes it (Microsoft, "Specifying a Counter Path"):
///
/// ```
/// \\MACHINE\Object(parent/instance#index)\Counter
/// ```
/// The machine is optional, and so is the instance, which objects without instances do not have. Names are compared
/// without regard to case; instance and counter may hold `*`.
public struct CounterPath: Hashable, Sendable {
    /// Which instances are meant.
    public struct Instance: Hashable, Sendable {
        /// What the instance belongs to, in objects whose instances have parents.
        public var parent: NamePattern?
        /// The instance's name: `*`, `web*`, `_Total`.
        public var name: NamePattern
        /// Of several instances with one name the one at this place, from 0; `nil` where none is given.
        public var index: Int?

        /// Instances that fit.
        public init(parent: NamePattern? = nil, name: NamePattern, index: Int? = nil) {
            self.parent = parent
            self.name = name
            self.index = index
        }
    }

    /// The machine; `nil` for this one.
    public var machine: String?
    /// The object: what is counted on.
    public var object: String
    /// The instances; `nil` where the path names none.
    public var instance: Instance?
    /// The counter's name.
    public var counter: NamePattern

    /// Reads a path; throws `CounterError.counterPath`, which names the column.
    public init(parsing text: String) throws(CounterError) {
        var reader = CounterPathReader(text)
        self = try reader.path()
    }

    init(machine: String?, object: String, instance: Instance?, counter: NamePattern) {
        self.machine = machine
        self.object = object
        self.instance = instance
        self.counter = counter
    }

    /// Whether the path asks the machine called `hostName`: its name, `localhost`, `.`, or none at all.
    public func isLocal(hostName: String) -> Bool {
        guard let machine = machine?.lowercased() else { return true }
        let own = hostName.lowercased()
        // Windows knows a machine by its first name, Linux often by the whole one.
        return [own, String(own.prefix { $0 != "." }), "localhost", "."].contains(machine)
    }
}

extension CounterPath: CustomStringConvertible {
    /// The path, as it is parsed again.
    public var description: String {
        let place = instance.map { "(\($0))" } ?? ""
        return (machine.map { #"\\"# + $0 } ?? "") + #"\"# + object + place + #"\"# + counter.text
    }
}

extension CounterPath.Instance: CustomStringConvertible {
    /// As it stands in the parentheses.
    public var description: String {
        (parent.map { $0.text + "/" } ?? "") + name.text + (index.map { "#\($0)" } ?? "")
    }
}
