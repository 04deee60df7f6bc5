import Glibc

/// One thing that an agent may or may not see on a host.
public struct HostSight: Hashable, Sendable {
    /// What.
    public var subject: String
    /// Whether it is seen here.
    public var isSeen: Bool
    /// How much of it; where it is not seen, why and what is then missing.
    public var detail: String
}

extension HostSight {
    /// Looks what `options` let a sampler see, without keeping anything: for who sets an agent up.
    public static func all(_ options: SamplerOptions) -> [HostSight] {
        let proc = options.procFolder
        let sys = options.sysFolder
        func count(_ folder: String, _ prefix: String) -> Int {
            ((try? ProcFolder.names(in: folder)) ?? []).count { $0.hasPrefix(prefix) }
        }
        let groups = ControlGroups(sys).version
        let controllers = count("\(sys)/devices/system/edac/mc", "mc")
        let sensors = count("\(sys)/class/hwmon", "hwmon") + count("\(sys)/class/thermal", "thermal_zone")
        let nodes = count("\(sys)/devices/system/node", "node")
        return [
            file("\(proc)/stat", "time of logical processors", "nothing can be said of processors"),
            file(
                "\(proc)/self/schedstat", "waiting of virtual processors", "ready % is unknown and times are in ticks"),
            file("\(proc)/schedstat", "waiting on each logical processor", "only each VM's waiting is known"),
            file("\(proc)/meminfo", "memory", "nothing can be said of memory"),
            file(
                "\(proc)/pressure/cpu", "pressure stall information",
                "the kernel was built or started without it (psi=1)"),
            file("\(proc)/1/stat", "processes of other users", "/proc hides them (hidepid): CAP_SYS_PTRACE shows them"),
            file("\(proc)/diskstats", "disks", "nothing can be said of disks"),
            file("\(proc)/net/dev", "networks", "nothing can be said of networks"),
            HostSight(
                subject: "control groups", isSeen: !groups.isEmpty,
                detail: groups.isEmpty
                    ? "none are mounted: a VM's time comes from its threads alone"
                    : groups == "v2" ? "v2: which LP a VM ran on is estimated unless it is pinned" : groups),
            HostSight(
                subject: "NUMA", isSeen: nodes > 0, detail: nodes > 0 ? "\(nodes) node(s)" : "the kernel shows no nodes"
            ),
            HostSight(
                subject: "errors of memory", isSeen: controllers > 0,
                detail: controllers > 0
                    ? "\(controllers) controller(s)" : "no EDAC driver is loaded, or the machine is virtual"),
            HostSight(
                subject: "temperatures", isSeen: sensors > 0,
                detail: sensors > 0 ? "\(sensors) chip(s)" : "no sensor's driver is loaded, or the machine is virtual"),
            file(
                "\(sys)/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "thermal throttling",
                "the processor does not say, or the machine is virtual"),
            file("\(proc)/mdstat", "software arrays", "the md driver is not loaded: there are none"),
        ]
    }

    private static func file(_ path: String, _ subject: String, _ otherwise: String) -> HostSight {
        do throws(CounterError) {
            var buffer = ReadBuffer()
            let length = try ProcFile(path).read(into: &buffer)
            return HostSight(subject: subject, isSeen: length > 0, detail: length > 0 ? path : "\(path) is empty")
        } catch {
            guard case .system(_, _, let number) = error, number == ENOENT else {
                return HostSight(subject: subject, isSeen: false, detail: "\(error); \(otherwise)")
            }
            return HostSight(subject: subject, isSeen: false, detail: "no \(path): \(otherwise)")
        }
    }
}
