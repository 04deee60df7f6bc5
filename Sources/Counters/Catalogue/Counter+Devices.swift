extension Counter {
    private static let disks = "/proc/diskstats"
    private static let networks = "/proc/net/dev"

    /// Disks and networks of the host.
    static let deviceFacts: [Counter: Facts] = [
        .diskBytes: Facts(
            "bytes", ["device", "direction"], "Bytes read from a disk, and written to it.",
            path: #"\PhysicalDisk(*)\Disk Bytes/sec"#, from: disks),
        .diskRequests: Facts(
            "requests", ["device", "direction"], "Requests that a disk has done.",
            path: #"\PhysicalDisk(*)\Disk Transfers/sec"#, from: disks),
        .diskRequestTime: Facts(
            "seconds", ["device", "direction"],
            "Time that a disk's requests took, waiting included; over requests, their latency.",
            path: #"\PhysicalDisk(*)\Avg. Disk sec/Transfer"#, from: disks),
        .diskBusy: Facts(
            "seconds", ["device"], "Time in which a disk had a request to do.",
            path: #"\PhysicalDisk(*)\% Disk Time"#, from: disks),
        .diskQueue: Facts(
            "requests", ["device"], "Requests that a disk is at work on, at this moment.",
            path: #"\PhysicalDisk(*)\Current Disk Queue Length"#, from: disks),
        .networkBytes: Facts(
            "bytes", ["interface", "direction"], "Bytes of a network interface.",
            path: #"\Network Interface(*)\Bytes Total/sec"#, from: networks),
        .networkPackets: Facts(
            "packets", ["interface", "direction"], "Packets of a network interface.",
            path: #"\Network Interface(*)\Packets/sec"#, from: networks),
        .networkErrors: Facts(
            "packets", ["interface", "direction"], "Packets that went wrong.",
            path: #"\Network Interface(*)\Packets Received Errors"#, from: networks),
        .networkDrops: Facts(
            "packets", ["interface", "direction"], "Packets that were given up for want of room.",
            path: #"\Network Interface(*)\Packets Received Discarded"#, from: networks),
        .backlogDrops: Facts(
            "packets", "Received packets that logical processors had no room for.", from: "/proc/net/softnet_stat"),
        .backlogSqueezes: Facts(
            "events", "How often a logical processor stopped receiving with packets left.",
            from: "/proc/net/softnet_stat"),
    ]
}
