import FleetModel

/// The spool between the one who samples and the one who sends.
actor SpoolQueue {
    /// How the spool is doing.
    struct Status: Sendable {
        var waiting: Int
        var bytes: Int
        var dropped: Int
        var refused: Int
        var problem: AgentError?
    }

    private var spool: Spool
    private let arrival: AsyncStream<Void>.Continuation

    /// One element when there is something to send; several arrivals may make one element.
    nonisolated let arrivals: AsyncStream<Void>

    init(_ spool: Spool) {
        self.spool = spool
        (arrivals, arrival) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        arrival.yield()
    }

    var status: Status {
        Status(
            waiting: spool.waiting, bytes: spool.bytes, dropped: spool.dropped, refused: spool.refused,
            problem: spool.problem)
    }

    func append(_ payload: [UInt8], time: Timestamp) {
        spool.append(payload, time: time)
        arrival.yield()
    }

    func next() throws(AgentError) -> SpoolRecord? { try spool.next() }

    func delivered(_ sequence: UInt64) { spool.delivered(sequence) }

    func setAside(_ record: SpoolRecord) { spool.setAside(record) }
}
