import FleetModel
import FoundationEssentials

/// What a plug-in is told, as one JSON document:
/// ```
/// {"version": 1, "id": "operation-17", "pack": "fans", "tip": 3, "title": "...", "subject": {"host": "kvm1", "cluster": "lab"},
///  "arguments": {"fan": "3"}, "time_limit_seconds": 300}
/// ```
/// and what it answers, a line of JSON each, on standard output or in the answer's body:
/// ```
/// {"progress": 0.4, "message": "draining"}
/// {"result": "done", "message": "fan 3 was replaced"}          or "failed"
/// ```
public struct PlugInRequest: Hashable, Sendable {
    /// The same for the same action however often it is told: a plug-in that sees it again has nothing more to do.
    public var id: String
    /// What is called.
    public var call: PlugInCall
    /// The tip that it is for.
    public var tip: Int64?
    /// The tip's title.
    public var title: String
    /// What the tip is about: `cluster`, and `host`, `vm` or `datastore`.
    public var subject: [String: String]

    /// A request.
    public init(id: String, call: PlugInCall, tip: Int64?, title: String, subject: [String: String]) {
        self.id = id
        self.call = call
        self.tip = tip
        self.title = title
        self.subject = subject
    }

    private struct Document: Encodable {
        let version = 1
        let id: String
        let pack: String
        let tip: Int64?
        let title: String
        let subject: [String: String]
        let arguments: [String: String]
        let time_limit_seconds: Double
    }

    /// The document.
    var json: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let document = Document(
            id: id, pack: call.pack, tip: tip, title: title, subject: subject, arguments: call.arguments,
            time_limit_seconds: call.timeLimitSeconds)
        return (try? encoder.encode(document)).map { Array($0) } ?? []
    }
}

/// How far a plug-in says it is.
public struct PlugInProgress: Hashable, Sendable {
    /// 0...1; `nil` where it does not say.
    public var share: Double?
    /// In its own words; one line.
    public var message: String
}

/// How a plug-in ended.
public enum PlugInResult: Hashable, Sendable {
    /// It did what it was asked to; its words.
    case done(String)
    /// It did not, or nobody can say: the reason.
    case failed(String)
}

/// Whoever runs plug-ins: the real ones, and one that a test or a simulation tells what to answer.
public protocol PlugInRunner: Sendable {
    /// Runs one to its end. Being cancelled ends it, with nothing of it left over.
    func run(_ request: PlugInRequest, progress: @escaping @Sendable (PlugInProgress) -> Void) async -> PlugInResult
}

/// A plug-in of a test or a simulation: answers as it is told.
public struct SimulatedPlugIn: PlugInRunner {
    private let answer: @Sendable (PlugInRequest) -> (steps: [PlugInProgress], result: PlugInResult)

    /// Answers each request with what `answer` says.
    public init(_ answer: @escaping @Sendable (PlugInRequest) -> (steps: [PlugInProgress], result: PlugInResult)) {
        self.answer = answer
    }

    /// Says the steps, then the result.
    public func run(
        _ request: PlugInRequest, progress: @escaping @Sendable (PlugInProgress) -> Void
    ) async -> PlugInResult {
        let (steps, result) = answer(request)
        for step in steps { progress(step) }
        return result
    }
}
