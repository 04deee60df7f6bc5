import FleetModel
import Foundation

/// How numbers, times and unknowns are put to a person, the same in every listing.
enum Phrases {
    /// What stands for an unknown.
    static let unknown = "?"

    /// `0.734` as `73 %`.
    static func percent(_ ratio: Double?) -> String {
        guard let ratio, ratio.magnitude < 1e9 else { return unknown }
        return "\(Int((ratio * 100).rounded())) %"
    }

    static func size(_ bytes: Bytes?) -> String {
        bytes.map { "\($0)" } ?? unknown
    }

    /// `14:03:27`, in the time zone of whoever reads it.
    static func timeOfDay(_ moment: Timestamp?) -> String {
        guard let moment else { return "-" }
        var seconds = time_t(moment.milliseconds / 1000)
        var parts = unsafe tm()
        guard unsafe localtime_r(&seconds, &parts) != nil else { return unknown }
        return unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec]
            .map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
    }

    /// `11-25 14:03:27`, in the time zone of whoever reads it: what is read another day than it happened.
    static func moment(_ moment: Timestamp?) -> String {
        moment.map { "\(day($0)) \(timeOfDay($0))" } ?? "-"
    }

    /// `11-25`, month and day in the time zone of whoever reads it.
    static func day(_ moment: Timestamp) -> String {
        var seconds = time_t(moment.milliseconds / 1000)
        var parts = unsafe tm()
        guard unsafe localtime_r(&seconds, &parts) != nil else { return unknown }
        return unsafe [parts.tm_mon + 1, parts.tm_mday].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: "-")
    }

    /// `3 s`, `12 min`, `5 h`, `3 d`: the time since `moment`.
    static func age(_ moment: Timestamp, now: Timestamp) -> String {
        let seconds = max(0, (now - moment).milliseconds / 1000)
        switch seconds {
        case ..<120: return "\(seconds) s"
        case ..<7200: return "\(seconds / 60) min"
        case ..<172_800: return "\(seconds / 3600) h"
        default: return "\(seconds / 86_400) d"
        }
    }

    static func change(_ change: Prediction.Change?) -> String {
        guard let change else { return unknown }
        return "\(percent(change.before)) -> \(percent(change.after))"
    }
}
