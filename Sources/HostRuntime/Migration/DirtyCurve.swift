import FleetModel
import Glibc

/// How many bytes of memory a guest will have changed after a while, from what a survey saw.
///
/// Guests write to the same pages again and again, so the curve rises ever more slowly: between the survey's points it
/// is straight, before the first it starts at nothing. After the last it goes on as the last two points rose, each span
/// of that length adding less than the one before by the ratio of the last two rises, as for a guest that picks its pages
/// out of a working set.
struct DirtyCurve: Sendable {
    private let points: [(seconds: Double, bytes: Double)]
    private let most: Double

    init(_ survey: MemorySurvey, memory: Bytes) {
        most = Double(memory.count)
        var points: [(seconds: Double, bytes: Double)] = [(0, 0)]
        for change in survey.changes where change.milliseconds > 0 && change.share.isFinite {
            let seconds = Double(change.milliseconds) / 1000
            guard let last = points.last, seconds > last.seconds else { continue }
            points.append((seconds, max(last.bytes, min(1, max(0, change.share)) * most)))
        }
        self.points = points
    }

    /// Bytes that differ `seconds` after a moment from what they were then.
    func bytes(after seconds: Double) -> Double {
        guard let last = points.last, points.count > 1 else { return 0 }
        if seconds <= last.seconds {
            guard let place = points.firstIndex(where: { $0.seconds >= seconds }), place > 0 else { return 0 }
            let (from, to) = (points[place - 1], points[place])
            return from.bytes + (to.bytes - from.bytes) * (seconds - from.seconds) / (to.seconds - from.seconds)
        }
        return min(most, last.bytes + rise(after: seconds - last.seconds))
    }

    /// What comes on top of the last point.
    private func rise(after seconds: Double) -> Double {
        let last = points[points.count - 1]
        let before = points[points.count - 2]
        let span = last.seconds - before.seconds
        let slope = (last.bytes - before.bytes) / span
        if slope <= 0 { return 0 }
        guard points.count > 2 else { return slope * seconds }
        let earlier = points[points.count - 3]
        let earlierSlope = (before.bytes - earlier.bytes) / (before.seconds - earlier.seconds)
        // A working set of which the share that is not yet changed shrinks by the same factor in each span.
        guard earlierSlope > 0, slope < earlierSlope * 0.98 else { return slope * seconds }
        let middles = (last.seconds + before.seconds) / 2 - (before.seconds + earlier.seconds) / 2
        let decay = -log(slope / earlierSlope) / middles
        let slopeAtEnd = slope * exp(-decay * span / 2)
        return slopeAtEnd / decay * (1 - exp(-decay * seconds))
    }
}
