import FleetModel

/// Figures as people read them.
enum Wording {
    /// `0.931` as `93 %`.
    static func percent(_ share: Double) -> String {
        guard share.isFinite, share.magnitude < 1e6 else { return "\(share)" }
        return "\(Int((share * 100).rounded())) %"
    }

    /// `0.5249` as `0.52 LP`.
    static func processors(_ count: Double) -> String {
        guard count.isFinite, count.magnitude < 1e12 else { return "\(count) LP" }
        return "\((count * 100).rounded() / 100) LP"
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
