import FleetModel
import FoundationEssentials

/// Maintenance windows and blackouts, in their time zones: the same answer for the same time.
struct PolicyCalendar: Sendable {
    private let windows: [(window: PolicyWindow, zone: TimeZone)]

    /// Windows in zones that nobody knows hold never; `objection(to:)` keeps them out.
    init(_ windows: [PolicyWindow]) {
        self.windows = windows.compactMap { window in
            TimeZone(identifier: window.zone).map { (window, $0) }
        }
    }

    /// Why policy must not act in the cluster at that time; `nil` when it may.
    func objection(in cluster: ClusterName, at time: Timestamp) -> String? {
        let own = windows.filter { $0.window.concerns(cluster) }
        if let blackout = own.first(where: { $0.window.kind == .blackout && contains($0, time) }) {
            let end = blackout.window.end(at: time, offset: offset(blackout.zone, time))
            return "blackout '\(blackout.window.name)' lasts until "
                + (end.map { "\($0) \(blackout.window.zone)" } ?? "it is taken away")
        }
        let maintenance = own.filter { $0.window.kind == .maintenance }
        if maintenance.isEmpty || maintenance.contains(where: { contains($0, time) }) { return nil }
        let names = maintenance.prefix(3).map { "'\($0.window.name)'" }.joined(separator: ", ")
        return "it is outside the maintenance windows of cluster \(cluster): \(names)"
    }

    /// The windows that it is the time of, by name.
    func current(at time: Timestamp) -> [String] { windows.filter { contains($0, time) }.map(\.window.name) }

    private func contains(_ entry: (window: PolicyWindow, zone: TimeZone), _ time: Timestamp) -> Bool {
        entry.window.contains(time, offset: offset(entry.zone, time))
    }

    private func offset(_ zone: TimeZone, _ time: Timestamp) -> Int {
        zone.secondsFromGMT(for: Date(timeIntervalSince1970: time.seconds))
    }

    /// Why a window cannot be set; `nil` where it can.
    static func objection(to window: PolicyWindow) -> String? {
        if TimeZone(identifier: window.zone) != nil { return nil }
        return "window \(window.name): there is no time zone '\(window.zone)'; write it as Europe/Berlin or UTC"
    }
}
