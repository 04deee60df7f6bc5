/// An action of a pack's own, as a tip asks for it.
public struct PlugInCall: Hashable, Codable, Sendable {
    /// What is called.
    public enum Means: Hashable, Codable, Sendable {
        /// An executable inside the pack's folder, by its path there.
        case program(String)
        /// A server that is told by POST.
        case webhook(String)
    }

    /// The pack.
    public var pack: String
    /// What is called.
    public var means: Means
    /// The pack's arguments, filled in, by name.
    public var arguments: [String: String]
    /// How long it may take, in seconds.
    public var timeLimitSeconds: Double

    /// A call.
    public init(pack: String, means: Means, arguments: [String: String], timeLimitSeconds: Double) {
        self.pack = pack
        self.means = means
        self.arguments = arguments
        self.timeLimitSeconds = timeLimitSeconds
    }

    /// For people: `the program bin/mend of pack fans`, `the webhook https://... of pack fans`.
    public var text: String {
        switch means {
        case .program(let path): "the program \(path) of pack \(pack)"
        case .webhook(let url): "the webhook \(url) of pack \(pack)"
        }
    }
}
