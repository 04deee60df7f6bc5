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

    /// How long a VM's virtual processors were ready to run and had to wait for a logical one.
    public var virtualMachineWait: String { "sum by (vm) (rate(evenkeel_vm_vp_wait_seconds_total\(range)))" }

    /// When a host's newest sample was taken, in seconds since the epoch.
    public var hostSampled: String { #"max by (host) (timestamp(evenkeel_lp_run_seconds_total{mode="idle"}))"# }

    /// When a VM's newest sample was taken, in seconds since the epoch.
    public var virtualMachineSampled: String { "max by (vm) (timestamp(evenkeel_vm_run_seconds_total))" }

    /// Asks `engine` all of them at `moment`. A value that is not a finite number, or whose newest sample is older
    /// than `freshness`, is left out: it is unknown.
    public func readings(from engine: any QueryEngine, at moment: Timestamp) async throws -> LoadReadings {
        let hosts = try await Fresh(label: "host", sampled: hostSampled, self, engine, moment)
        let machines = try await Fresh(label: "vm", sampled: virtualMachineSampled, self, engine, moment)
        let hostUse = try await hosts.values(of: hostProcessorUse).mapValues { min(max($0, 0), 1) }
        let use = try await machines.values(of: virtualMachineUse).mapValues { max($0, 0) }
        let wait = try await machines.values(of: virtualMachineWait).mapValues { max($0, 0) }
        return LoadReadings(
            time: moment, window: window, hostProcessorUse: Self.keyed(hostUse, by: HostName.init),
            virtualMachineUse: Self.keyed(use, by: VirtualMachineID.init),
            virtualMachineWait: Self.keyed(wait, by: VirtualMachineID.init))
    }

    private static func keyed<Key>(_ values: [String: Double], by make: (String) -> Key?) -> [Key: Double] {
        let pairs = values.compactMap { text, value in make(text).map { ($0, value) } }
        return Dictionary(pairs, uniquingKeysWith: max)
    }
}

/// The objects of one kind whose newest sample is fresh enough, and what expressions give for them.
private struct Fresh {
    let label: String
    let names: Set<String>
    let engine: any QueryEngine
    let moment: Timestamp

    init(
        label: String, sampled: String, _ queries: LoadQueries, _ engine: any QueryEngine, _ moment: Timestamp
    ) async throws {
        self.label = label
        self.engine = engine
        self.moment = moment
        let oldest = (moment - queries.freshness).seconds
        let newest = Self.byLabel(label, try await engine.instant(sampled, at: moment))
        names = Set(newest.filter { $0.value >= oldest }.keys)
    }

    func values(of expression: String) async throws -> [String: Double] {
        Self.byLabel(label, try await engine.instant(expression, at: moment)).filter { name, value in
            value.isFinite && names.contains(name)
        }
    }

    private static func byLabel(_ label: String, _ answer: QueryAnswer) -> [String: Double] {
        guard case .vector(let samples) = answer.value else { return [:] }
        let pairs = samples.compactMap { sample in sample.labels[label].map { ($0, sample.value) } }
        return Dictionary(pairs, uniquingKeysWith: max)
    }
}
