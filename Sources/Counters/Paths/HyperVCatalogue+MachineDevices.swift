import FleetModel

/// Disks and network interfaces of virtual machines, as their guests see them.
extension HyperVCatalogue {
    static let machineDeviceCounters = storageCounters + adapterCounters

    private static func transfers(_ counter: Counter) -> CounterFormula {
        .growth(counter, ["direction": "read"]) + .growth(counter, ["direction": "written"])
    }

    private static let storageCounters = [
        HyperVCounter(
            .storageDevice, "Read Bytes/sec", "bytes/s",
            .rate(.machineDiskBytes, ["direction": "read"]),
            help: "Bytes that the guest read a second."),
        HyperVCounter(
            .storageDevice, "Write Bytes/sec", "bytes/s",
            .rate(.machineDiskBytes, ["direction": "written"]),
            help: "Bytes that the guest wrote a second."),
        HyperVCounter(
            .storageDevice, "Read Operations/Sec", "1/s",
            .rate(.machineDiskRequests, ["direction": "read"]),
            help: "Reads of the guest that were done a second."),
        HyperVCounter(
            .storageDevice, "Write Operations/Sec", "1/s",
            .rate(.machineDiskRequests, ["direction": "written"]),
            help: "Writes of the guest that were done a second."),
        HyperVCounter(
            .storageDevice, "Flush Count", "requests",
            .value(.machineDiskRequests, ["direction": "flushed"]),
            help: "Flushes of the guest since its process began."),
        HyperVCounter(
            .storageDevice, "Latency", "s",
            .each(transfers(.machineDiskRequestTime), transfers(.machineDiskRequests)),
            help: "How long a read or a write took, as the guest sees it; 0 where there was none."),
    ]

    private static let directions: [(labels: Labels, bytes: String, packets: String, dropped: String)] = [
        (
            ["direction": "received"], "Bytes Received/sec", "Packets Received/sec", "Dropped Packets Incoming/sec"
        ),
        (["direction": "sent"], "Bytes Sent/sec", "Packets Sent/sec", "Dropped Packets Outgoing/sec"),
    ]

    private static let adapterCounters =
        [
            HyperVCounter(
                .networkAdapter, "Bytes/sec", "bytes/s",
                .rate(.machineNetworkBytes),
                help: "Bytes that the guest received and sent a second."),
            HyperVCounter(
                .networkAdapter, "Packets/sec", "packets/s",
                .rate(.machineNetworkPackets),
                help: "Packets that the guest received and sent a second."),
        ]
        + directions.flatMap { labels, bytes, packets, dropped in
            [
                HyperVCounter(
                    .networkAdapter, bytes, "bytes/s",
                    .rate(.machineNetworkBytes, labels),
                    help: "Bytes of the guest a second, one way."),
                HyperVCounter(
                    .networkAdapter, packets, "packets/s",
                    .rate(.machineNetworkPackets, labels),
                    help: "Packets of the guest a second, one way."),
                HyperVCounter(
                    .networkAdapter, dropped, "packets/s",
                    .rate(.machineNetworkDrops, labels),
                    help: "Packets of the guest that were given up a second, one way."),
            ]
        }
}
