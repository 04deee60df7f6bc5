import FleetModel

/// A VM's disks, as `query-block` describes them and `query-blockstats` counts for them (QEMU's qapi/block-core.json).
/// What the first says changes slowly and takes a look at every image; the second is cheap.
enum BlockReading {
    private typealias Requests = VirtualMachineStatistics.Requests

    /// One disk without its counts.
    struct Described: Hashable, Sendable {
        /// What both answers call it.
        var key: String
        /// What it is.
        var disk: VirtualMachineStatistics.Disk
        /// The snapshots within its image; `nil` for a format that can have none, whose storage may well have some.
        var snapshots: [VirtualMachineStatistics.Snapshot]?
    }

    /// Every disk by what `query-block` answers; how the guest sees it is known where we attached it ourselves.
    static func descriptions(_ answer: JSONValue, own: [VirtualMachineDefinition.Disk] = []) -> [Described] {
        answer.fewItems.compactMap { item in
            guard let key = key(of: item), let name = name(of: item) else { return nil }
            var disk = VirtualMachineStatistics.Disk(name: name)
            let inserted = item["inserted"]
            let node = inserted?["node-name"]?.text
            let ours = own.indices.first { node == QEMUCommandLine.diskName($0) }.map { own[$0] }
            disk.bus = ours?.bus.rawValue ?? bus(of: key)
            describe(inserted, in: &disk)
            return Described(key: key, disk: disk, snapshots: snapshots(inserted?["image"]))
        }
    }

    /// The disks with what `query-blockstats` counts for them; one that has come since it was described is left out.
    static func disks(_ described: [Described], counts answer: JSONValue) -> [VirtualMachineStatistics.Disk] {
        let items = answer.fewItems.compactMap { item in key(of: item).map { ($0, item) } }
        let byKey = Dictionary(items, uniquingKeysWith: { first, _ in first })
        return described.map { described in
            var disk = described.disk
            guard let item = byKey[described.key] else { return disk }
            let stats = item["stats"]
            disk.reads = requests(stats, "rd")
            disk.writes = requests(stats, "wr")
            disk.flushes = requests(stats, "flush")
            // The format's node has no word for it, the node below it has.
            let drivers = [item["driver-specific"], item["parent"]?["driver-specific"]]
            for driver in drivers.compactMap({ $0?["driver"]?.text }) { settle(driver, in: &disk) }
            return disk
        }
    }

    /// All snapshots of a VM; `nil` where none of its disks can have any that QEMU knows of. A snapshot of the VM is
    /// one of each of its disks, by one name and time, and counts once.
    static func snapshots(of described: [Described]) -> [VirtualMachineStatistics.Snapshot]? {
        let known = described.compactMap(\.snapshots)
        guard !known.isEmpty else { return nil }
        return Set(known.joined()).sorted { ($0.time, $0.name) < ($1.time, $1.name) }
    }

    // MARK: One disk

    /// The device in the guest where there is one, as a path or a name; else the oldest kind of name.
    private static func key(of item: JSONValue) -> String? {
        item["qdev"]?.plainText() ?? item["inserted"]?["node-name"]?.plainText() ?? item["node-name"]?.plainText()
            ?? item["device"]?.plainText()
    }

    private static func name(of item: JSONValue) -> String? {
        if let name = item["device"]?.plainText(limit: 200) { return name }
        let device = item["qdev"]?.plainText(limit: 1000)
        let isNamed = device?.hasPrefix("/machine/peripheral/") == true || device?.hasPrefix("/") == false
        if let device, isNamed {
            let last = device.split(separator: "/").last { $0 != "virtio-backend" }
            if let last { return String(last) }
        }
        return item["inserted"]?["node-name"]?.plainText(limit: 200) ?? device
    }

    private static func bus(of key: String) -> String? { key.hasSuffix("/virtio-backend") ? "virtio" : nil }

    private static func describe(_ inserted: JSONValue?, in disk: inout VirtualMachineStatistics.Disk) {
        guard let inserted else { return }
        let image = inserted["image"]
        disk.cache = inserted["cache"].flatMap(cache)
        // QEMU writes a description of its own kind, `json:{...}`, where no plain name would do.
        disk.path = (image?["filename"] ?? inserted["file"])?.plainText().flatMap { $0.hasPrefix("json:") ? nil : $0 }
        disk.capacity = image?["virtual-size"]?.count.map { Bytes($0) }
        disk.allocation = image?["actual-size"]?.count.map { Bytes($0) }
        disk.backingImages = inserted["backing_file_depth"]?.count.flatMap { Int(exactly: $0) }
        let driver = inserted["drv"]?.plainText(limit: 100)
        disk.format = driver
        if let driver { settle(driver, in: &disk) }
        if let capacity = disk.capacity, let allocation = disk.allocation, disk.isPreallocated == nil {
            // Whatever it was made as: an image that takes less than the guest may fill will grow.
            disk.isPreallocated = allocation >= capacity
        }
    }

    /// The one word for what three switches say (qemu-system-x86_64(1), `-drive cache=`).
    private static func cache(_ value: JSONValue) -> String? {
        guard let isBack = value["writeback"]?.flag, let isDirect = value["direct"]?.flag,
            let isUnsafe = value["no-flush"]?.flag
        else { return nil }
        if isUnsafe { return "unsafe" }
        return isDirect ? isBack ? "none" : "directsync" : isBack ? "writeback" : "writethrough"
    }

    /// What the driver that reaches the storage says of it.
    private static func settle(_ driver: String, in disk: inout VirtualMachineStatistics.Disk) {
        switch driver {
        case "host_device", "host_cdrom":
            disk.isBlockDevice = true
            // A file system's figure of what a device takes is nothing: a device is all there.
            disk.isPreallocated = true
            disk.allocation = disk.capacity
        case "file": disk.isBlockDevice = false
        default: return
        }
        // A file or device without a format in between.
        if disk.format == driver { disk.format = "raw" }
    }

    private static func requests(_ stats: JSONValue?, _ kind: String) -> VirtualMachineStatistics.Requests? {
        guard let count = stats?["\(kind)_operations"]?.count else { return nil }
        let bytes = kind == "flush" ? 0 : stats?["\(kind)_bytes"]?.count
        guard let bytes else { return nil }
        return Requests(count: count, bytes: bytes, nanoseconds: stats?["\(kind)_total_time_ns"]?.count)
    }

    private static func snapshots(_ image: JSONValue?) -> [VirtualMachineStatistics.Snapshot]? {
        guard let format = image?["format"]?.text, format == "qcow2" else { return nil }
        return (image?["snapshots"] ?? .array([])).fewItems.compactMap { item in
            guard let name = (item["name"]?.plainText(limit: 200) ?? item["id"]?.plainText(limit: 200)),
                let seconds = item["date-sec"]?.count, seconds > 0, seconds < 1 << 40
            else { return nil }
            let nanoseconds = min(item["date-nsec"]?.count ?? 0, 999_999_999)
            let time = Timestamp(milliseconds: seconds * 1000 + nanoseconds / 1_000_000)
            return VirtualMachineStatistics.Snapshot(name: name, time: time)
        }
    }
}
