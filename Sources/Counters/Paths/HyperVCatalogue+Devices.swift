import FleetModel

/// The host's disks and network interfaces.
extension HyperVCatalogue {
    /// Counters that Windows has thrice: of both directions together and of each.
    private static let diskDirections: [(labels: Labels, bytes: String, requests: String, each: String)] = [
        ([:], "Disk Bytes/sec", "Disk Transfers/sec", "Transfer"),
        (["direction": "read"], "Disk Read Bytes/sec", "Disk Reads/sec", "Read"),
        (["direction": "written"], "Disk Write Bytes/sec", "Disk Writes/sec", "Write"),
    ]

    static let diskCounters =
        diskDirections.flatMap { labels, bytes, requests, each in
            [
                HyperVCounter(
                    .physicalDisk, bytes, "bytes/s",
                    .rate(.diskBytes, labels),
                    help: "Bytes of the disk a second."),
                HyperVCounter(
                    .physicalDisk, requests, "1/s",
                    .rate(.diskRequests, labels),
                    help: "Requests that the disk has done a second."),
                HyperVCounter(
                    .physicalDisk, "Avg. Disk sec/\(each)", "s",
                    .each(.growth(.diskRequestTime, labels), .growth(.diskRequests, labels)),
                    help: "How long a request took, waiting included; 0 where there was none."),
                HyperVCounter(
                    .physicalDisk, "Avg. Disk Bytes/\(each)", "bytes",
                    .each(.growth(.diskBytes, labels), .growth(.diskRequests, labels)),
                    help: "How large a request was; 0 where there was none."),
            ]
        } + [
            HyperVCounter(
                .physicalDisk, "% Disk Time", "%", total: .mean,
                .percent(.growth(.diskBusy), of: .elapsed),
                help: "Time in which the disk had a request to do; never more than 100, as it can be in Windows."),
            HyperVCounter(
                .physicalDisk, "% Idle Time", "%", total: .mean,
                .percent(.elapsed - .growth(.diskBusy), of: .elapsed),
                help: "Time in which the disk had nothing to do."),
            HyperVCounter(
                .physicalDisk, "Current Disk Queue Length", "requests",
                .value(.diskQueue),
                help: "Requests under way at this moment."),
            HyperVCounter(
                .physicalDisk, "Avg. Disk Queue Length", "requests",
                .growth(.diskRequestTime) / .elapsed,
                help: "Requests under way, in the mean of the interval."),
        ]

    private static let networkDirections: [(labels: Labels, bytes: String, packets: String, bad: String)] = [
        (["direction": "received"], "Bytes Received/sec", "Packets Received/sec", "Packets Received"),
        (["direction": "sent"], "Bytes Sent/sec", "Packets Sent/sec", "Packets Outbound"),
    ]

    static let networkCounters =
        [
            HyperVCounter(
                .networkInterface, "Bytes Total/sec", "bytes/s",
                .rate(.networkBytes),
                help: "Bytes of the interface a second, both ways."),
            HyperVCounter(
                .networkInterface, "Packets/sec", "packets/s",
                .rate(.networkPackets),
                help: "Packets of the interface a second, both ways."),
            HyperVCounter(
                .networkInterface, "Current Bandwidth", "bits/s",
                .value(.linkSpeed),
                help: "The speed of the interface's link."),
        ]
        + networkDirections.flatMap { labels, bytes, packets, bad in
            [
                HyperVCounter(
                    .networkInterface, bytes, "bytes/s",
                    .rate(.networkBytes, labels),
                    help: "Bytes of the interface a second, one way."),
                HyperVCounter(
                    .networkInterface, packets, "packets/s",
                    .rate(.networkPackets, labels),
                    help: "Packets of the interface a second, one way."),
                HyperVCounter(
                    .networkInterface, "\(bad) Errors", "packets",
                    .value(.networkErrors, labels),
                    help: "Packets that went wrong since the interface came up."),
                HyperVCounter(
                    .networkInterface, "\(bad) Discarded", "packets",
                    .value(.networkDrops, labels),
                    help: "Packets that were given up for want of room since the interface came up."),
            ]
        }
}
