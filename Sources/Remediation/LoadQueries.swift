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

    /// Logical processors that a VM's process uses on a host. For a while after a migration both sides have samples
    /// inside the window, and each counts for its part of it.
    public var virtualMachineUse: String { "sum by (vm, host) (rate(evenkeel_vm_run_seconds_total\(range)))" }

    /// How long a VM's virtual processors were ready to run on a host and had to wait for a logical one.
    public var virtualMachineWait: String { "sum by (vm, host) (rate(evenkeel_vm_vp_wait_seconds_total\(range)))" }

    /// Bytes a second that a VM reads from its disks and writes to them.
    public var virtualMachineDisk: String { "sum by (vm, host) (rate(evenkeel_vm_disk_bytes_total\(range)))" }

    /// Bytes a second that a VM receives or sends, whichever is more: links carry as much each way.
    public var virtualMachineNetwork: String {
        "max by (vm, host) (sum by (vm, host, direction) (rate(evenkeel_vm_network_bytes_total\(range))))"
    }

    /// Share of its memory that a VM's guest uses, by the guest's own figures.
    public var virtualMachineMemory: String {
        """
        1 - max by (vm, host) (evenkeel_vm_guest_memory_bytes{kind="available"}) \
        / max by (vm, host) (evenkeel_vm_guest_memory_bytes{kind="total"})
        """
    }

    /// Bytes a second that the fastest link of a host carries each way, of those that are up.
    public var hostLink: String {
        """
        max by (host) (evenkeel_host_link_speed_bits \
        and on (cluster, host, interface) (evenkeel_host_link_up == 1)) / 8
        """
    }

    /// When a host's newest sample was taken, in seconds since the epoch.
    public var hostSampled: String { #"max by (host) (timestamp(evenkeel_lp_run_seconds_total{mode="idle"}))"# }

    /// When a host took its newest sample of a VM, in seconds since the epoch.
    public var virtualMachineSampled: String { "max by (vm, host) (timestamp(evenkeel_vm_run_seconds_total))" }

    /// Asks `engine` all of them at `moment`. A value that is not a finite number, or whose newest sample is older
    /// than `freshness`, is left out: it is unknown. Every host's word about a VM counts here; the control loop, which
    /// knows where VMs are, keeps to theirs (`LoadReadings.counting`).
    public func readings(from engine: any QueryEngine, at moment: Timestamp) async throws -> LoadReadings {
        let oldest = (moment - freshness).seconds
        let sampled = Self.byHost(try await engine.instant(hostSampled, at: moment))
        let hostUse = Self.byHost(try await engine.instant(hostProcessorUse, at: moment))
        var readings = LoadReadings(time: moment, window: window)
        for (host, use) in hostUse where use.isFinite && (sampled[host] ?? -.infinity) >= oldest {
            readings.hostProcessorUse[host] = min(max(use, 0), 1)
        }
        for (host, speed) in Self.byHost(try await engine.instant(hostLink, at: moment))
        where speed.isFinite && speed > 0 && (sampled[host] ?? -.infinity) >= oldest {
            readings.hostLink[host] = speed
        }
        let seen = Self.byMachine(try await engine.instant(virtualMachineSampled, at: moment))
        let use = Self.byMachine(try await engine.instant(virtualMachineUse, at: moment))
        let wait = Self.byMachine(try await engine.instant(virtualMachineWait, at: moment))
        let disk = Self.byMachine(try await engine.instant(virtualMachineDisk, at: moment))
        let network = Self.byMachine(try await engine.instant(virtualMachineNetwork, at: moment))
        let memory = Self.byMachine(try await engine.instant(virtualMachineMemory, at: moment))
        for place in Set(use.keys).union(wait.keys) {
            var share = VirtualMachineShare(
                use: Self.amount(use[place]), wait: Self.amount(wait[place]),
                isFresh: (seen[place] ?? -.infinity) >= oldest)
            share.disk = Self.amount(disk[place])
            share.network = Self.amount(network[place])
            share.memory = Self.amount(memory[place]).map { min($0, 1) }
            readings.virtualMachineShares[place.machine, default: [:]][place.host] = share
        }
        return readings.counting { _, _ in true }
    }

    private static func amount(_ value: Double?) -> Double? {
        value.flatMap { $0.isFinite ? max($0, 0) : nil }
    }

    // MARK: Answers

    /// A VM on a host.
    private struct Place: Hashable {
        let machine: VirtualMachineID
        let host: HostName
    }

    private static func byHost(_ answer: QueryAnswer) -> [HostName: Double] {
        values(answer) { $0["host"].flatMap(HostName.init) }
    }

    private static func byMachine(_ answer: QueryAnswer) -> [Place: Double] {
        values(answer) { labels in
            guard let machine = labels["vm"].flatMap(VirtualMachineID.init),
                let host = labels["host"].flatMap(HostName.init)
            else { return nil }
            return Place(machine: machine, host: host)
        }
    }

    private static func values<Key>(_ answer: QueryAnswer, _ key: (Labels) -> Key?) -> [Key: Double] {
        guard case .vector(let samples) = answer.value else { return [:] }
        let pairs = samples.compactMap { sample in key(sample.labels).map { ($0, sample.value) } }
        return Dictionary(pairs, uniquingKeysWith: max)
    }
}
