import FleetModel

/// A tip as a line of a listing: what a table shows, and no more.
public struct TipRow: Codable, Sendable, Hashable {
    /// The tip's number.
    public var number: Int64
    /// How bad it is.
    public var level: TipLevel
    /// How far it has come.
    public var state: TipState
    /// `host`, `vm`, `cluster` or `datastore`.
    public var subjectKind: String
    /// The object's name; a VM's UUID.
    public var subject: String
    /// The cluster that it lies in.
    public var cluster: String
    /// One line.
    public var title: String
    /// What it would do, in short.
    public var proposal: String
    /// When it was raised.
    public var raised: Timestamp
    /// The first tip of the story that it is a part of.
    public var story: Int64?
    /// Why nothing goes on, where somebody would expect that.
    public var waitsFor: String?
    /// Since when nothing of what its rule looks at was measured of the object; `nil` while it is measured.
    public var unmeasuredSince: Timestamp?

    /// The row of a stored tip.
    public init(_ tip: Tip) {
        number = tip.number
        level = tip.level
        state = tip.state
        subjectKind = tip.subject.kindWord
        subject = tip.subject.name
        cluster = tip.subject.cluster.text
        title = tip.title
        proposal = Self.proposal(tip)
        raised = tip.raised
        story = tip.story
        waitsFor = tip.waitsFor
        unmeasuredSince = tip.unmeasuredSince
    }

    /// The row of a tip that was asked for whole.
    public init(_ view: TipView) {
        number = view.number
        level = view.level
        state = view.state
        subjectKind = view.subjectKind
        subject = view.subject
        cluster = view.cluster
        title = view.title
        proposal = Self.proposal(view.plan?.actions ?? [], view.planProblem ?? view.remediation)
        raised = view.raised
        story = view.story
        waitsFor = view.state.isFinal ? nil : view.history.last?.waitsFor
        unmeasuredSince = view.unmeasuredSince
    }

    private static func proposal(_ tip: Tip) -> String {
        let actions = tip.plan?.actions ?? []
        return proposal(actions.prefix(3).map(ActionView.init), tip.planProblem ?? tip.remediation, of: actions.count)
    }

    private static func proposal(_ actions: [ActionView], _ other: String, of count: Int? = nil) -> String {
        if actions.isEmpty { return other }
        let steps = actions.prefix(3).map { view in
            "\(view.kind) \(view.name) \(view.to.map { "\(view.from) -> \($0)" } ?? "on \(view.from)")"
        }
        let all = count ?? actions.count
        let more = all > 3 ? ", and \(all - 3) more" : ""
        return steps.joined(separator: ", ") + more
    }

    /// The rows as a JSON array; written by hand, since there may be tens of thousands.
    public static func json(_ rows: some Sequence<TipRow>) -> [UInt8] {
        var json = JSONText()
        json.array { array in
            for row in rows { array.object { row.write(to: &$0) } }
        }
        return json.bytes
    }

    private func write(to object: inout JSONText) {
        object.member("number", Int(number))
        object.member("level", level.rawValue)
        object.member("state", state.rawValue)
        object.member("subjectKind", subjectKind)
        object.member("subject", subject)
        object.member("cluster", cluster)
        object.member("title", title)
        object.member("proposal", proposal)
        object.member("raised", Int(raised.milliseconds))
        if let story { object.member("story", Int(story)) }
        if let waitsFor { object.member("waitsFor", waitsFor) }
        if let unmeasuredSince { object.member("unmeasuredSince", Int(unmeasuredSince.milliseconds)) }
    }
}

extension TipSubject {
    /// `host`, `vm`, `cluster` or `datastore`.
    var kindWord: String {
        switch self {
        case .host: "host"
        case .virtualMachine: "vm"
        case .cluster: "cluster"
        case .datastore: "datastore"
        }
    }
}
