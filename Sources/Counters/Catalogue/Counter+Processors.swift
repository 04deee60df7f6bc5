extension Counter {
    /// Logical processors.
    static let processorFacts: [Counter: Facts] = [
        .logicalProcessorRun: Facts(
            "seconds", ["lp", "mode"],
            "Time of a logical processor by mode; the modes that are reported add up to wall time.",
            path: #"\Hyper-V Hypervisor Logical Processor(*)\% Total Run Time"#,
            from: "/proc/stat, /proc/PID/task/TID/{stat,schedstat}, cgroup cpuacct.usage_percpu"),
        .logicalProcessorBusy: Facts(
            "ratio", ["lp", "stat"],
            "Busy share of the time that a logical processor really had, over the seconds of an interval: their mean "
                + "(avg) and the highest (max).",
            from: "/proc/stat, once a second"),
        .logicalProcessorEstimated: Facts(
            "1", ["lp"],
            "1 where the division between virtual machines and root rests on the logical processor that threads ran on "
                + "last, 0 where it is exact; the host's sum is exact either way.",
            from: "affinity of threads, cgroup cpuacct"),
        .logicalProcessorWait: Facts(
            "seconds", ["lp"], "Time that tasks were ready on a logical processor's queue and waited.",
            from: "/proc/schedstat"),
        .logicalProcessorDispatches: Facts(
            "switches", ["lp"], "How often a task was put on a logical processor.",
            path: #"\Hyper-V Hypervisor Logical Processor(*)\Context Switches/sec"#, from: "/proc/schedstat"),
        .logicalProcessorThrottles: Facts(
            "events", ["lp", "scope"], "How often heat slowed a logical processor's core, or its package.",
            from: "/sys/devices/system/cpu/cpuN/thermal_throttle"),
        .logicalProcessors: Facts(
            "processors", "Logical processors online for virtual machines and the host together.",
            path: #"\Hyper-V Hypervisor\Logical Processors"#, from: "/proc/stat"),
        .hostBusy: Facts(
            "ratio", ["stat"],
            "Busy share of the time that all logical processors together really had, over the seconds of an interval: "
                + "their mean (avg) and the highest (max).",
            from: "/proc/stat, once a second"),
        .contextSwitches: Facts(
            "switches", "Context switches of the whole machine.",
            path: #"\System\Context Switches/sec"#, from: "/proc/stat ctxt"),
        .load: Facts(
            "tasks", ["window"], "Tasks that ran or waited, as a mean that fades.", from: "/proc/loadavg"),
        .runnableTasks: Facts(
            "tasks", "Tasks that run or are ready to, at this moment.", path: #"\System\Processor Queue Length"#,
            from: "/proc/loadavg"),
        .uptime: Facts(
            "seconds", "Time since the machine started.", path: #"\System\System Up Time"#, from: "/proc/uptime"),
    ]
}

extension Counter.Facts {
    /// Facts of a counter without labels.
    init(_ unit: String, _ help: String, path: String? = nil, from source: String) {
        self.init(unit, [], help, path: path, from: source)
    }
}
