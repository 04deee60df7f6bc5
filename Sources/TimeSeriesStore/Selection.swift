import FleetModel

/// The series that a selection found, as they were at that moment.
struct Selection: SeriesSet {
    /// One series: its labels, and what memory held of it, oldest memory first.
    struct Member: Sendable {
        let labels: Labels
        let memory: [HeadSeries]
    }

    let members: [Member]
    /// The slabs that `Member.memory` points into.
    let arenas: [SampleArena]
    let span: ClosedRange<Int64>

    var count: Int { members.count }

    func labels(at index: Int) -> Labels { members[index].labels }

    func read(_ index: Int, into columns: inout SampleColumns) throws {
        columns.removeAll()
        for (memory, arena) in zip(members[index].memory, arenas) {
            let before = columns.count
            memory.read(from: span.lowerBound, through: span.upperBound, arena: arena, into: &columns)
            columns.restoreOrder(from: before)
        }
    }
}
