import FleetModel

/// Figures as people read them.
enum Wording {
    /// `0.931` as `93 %`.
    static func percent(_ share: Double) -> String {
        if share.isNaN { return "an unknown share" }
        guard share.magnitude < 1e6 else { return share > 0 ? "far more than 100 %" : "less than nothing" }
        return "\(Int((share * 100).rounded())) %"
    }

    /// `0.5249` as `0.52 LP`.
    static func processors(_ count: Double) -> String {
        guard count.isFinite, count.magnitude < 1e12 else { return "\(count) LP" }
        return "\((count * 100).rounded() / 100) LP"
    }

    /// The first few names, and how many others there are.
    static func names(_ hosts: [HostName], atMost most: Int = 5) -> String {
        let shown = hosts.prefix(most).map(\.description).joined(separator: ", ")
        return hosts.count > most ? "\(shown) and \(count(hosts.count - most, "other"))" : shown
    }

    /// The largest unit that keeps it short: `40 s`, `10 min`, `3 h`.
    static func span(_ span: Duration) -> String {
        let seconds = max(0, span.components.seconds)
        return switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        default: "\(seconds / 3600) h"
        }
    }

    /// `1 VM`, `2 VMs`.
    static func count(_ number: Int, _ singular: String) -> String {
        number == 1 ? "1 \(singular)" : "\(number) \(singular)s"
    }

    /// `processor 93 % busy` or `memory 93 % used`.
    static func load(_ resource: HostResource, _ share: Double) -> String {
        switch resource {
        case .processor: "processor \(percent(share)) busy"
        case .memory: "memory \(percent(share)) used"
        }
    }
}
