import FleetModel

/// The fixed PromQL expressions that loads are read by: the same in production, in simulation and against any
/// Prometheus-compatible engine.
public struct LoadQueries: Sendable, Hashable {
    /// Over how long loads are averaged.
    public var window: Duration
    /// Readings whose newest sample is older than this are unknown.
    public var freshness: Duration

    /// Loads averaged over `window`; a minute is what the bundled pack looks at as well.
    public init(window: Duration = .seconds(60), freshness: Duration = .seconds(45)) {
        self.window = window
        self.freshness = freshness
    }

    /// The same queries for a fleet whose clock runs `speed` times as fast.
    public func scaled(by speed: Double) -> LoadQueries {
        LoadQueries(window: window / speed, freshness: freshness / speed)
    }

    private var range: String { "[\(max(1, window.milliseconds))ms]" }

    /// Busy share of a host's logical processors: all but idle, of the time that the host really had (stolen time
    /// was never its own).
    public var hostProcessorUse: String {
        """
        1 - sum by (host) (rate(evenkeel_lp_run_seconds_total{mode="idle"}\(range))) \
        / sum by (host) (rate(evenkeel_lp_run_seconds_total{mode!="steal"}\(range)))
        """
    }

    /// Logical processors that a VM's process uses. Hosts are summed away: for a while after a migration both sides
    /// have samples inside the window, and each counts for its part of it.
    public var virtualMachineUse: String { "sum by (vm) (rate(evenkeel_vm_run_seconds_total\(range)))" }

    /// When a host's newest sample was taken, in seconds since the epoch.
    public var hostSampled: String { #"max by (host) (timestamp(evenkeel_lp_run_seconds_total{mode="idle"}))"# }

    /// When a VM's newest sample was taken, in seconds since the epoch.
    public var virtualMachineSampled: String { "max by (vm) (timestamp(evenkeel_vm_run_seconds_total))" }

    /// Asks `engine` all of them at `moment`. A value that is not a finite number, or whose newest sample is older
    /// than `freshness`, is left out: it is unknown.
    public func readings(from engine: any QueryEngine, at moment: Timestamp) async throws -> LoadReadings {
        let hosts = try await values(of: hostProcessorUse, sampled: hostSampled, by: "host", engine, moment)
        let machines = try await values(of: virtualMachineUse, sampled: virtualMachineSampled, by: "vm", engine, moment)
        return LoadReadings(
            time: moment, window: window,
            hostProcessorUse: Self.keyed(hosts.mapValues { min(max($0, 0), 1) }, by: HostName.init),
            virtualMachineUse: Self.keyed(machines.mapValues { max($0, 0) }, by: VirtualMachineID.init))
    }

    private func values(
        of expression: String, sampled: String, by label: String, _ engine: any QueryEngine, _ moment: Timestamp
    ) async throws -> [String: Double] {
        let newest = Self.byLabel(label, try await engine.instant(sampled, at: moment))
        let found = Self.byLabel(label, try await engine.instant(expression, at: moment))
        let oldest = (moment - freshness).seconds
        return found.filter { name, value in value.isFinite && (newest[name] ?? -.infinity) >= oldest }
    }

    private static func byLabel(_ label: String, _ answer: QueryAnswer) -> [String: Double] {
        guard case .vector(let samples) = answer.value else { return [:] }
        let pairs = samples.compactMap { sample in sample.labels[label].map { ($0, sample.value) } }
        return Dictionary(pairs, uniquingKeysWith: max)
    }

    private static func keyed<Key>(_ values: [String: Double], by make: (String) -> Key?) -> [Key: Double] {
        let pairs = values.compactMap { text, value in make(text).map { ($0, value) } }
        return Dictionary(pairs, uniquingKeysWith: max)
    }
}
