/// Reads how the hardware is: errors of memory, heat, software arrays, paths to disks. These files are many and change
/// slowly: they are read once a minute and said again with every interval.
struct HardwareReader: Sendable {
    private let options: SamplerOptions
    private var known = SlowReadings()

    init(_ options: SamplerOptions) {
        self.options = options
    }

    private enum Part: CaseIterable {
        case memoryErrors, throttles, temperatures, arrays, paths
    }

    /// Appends what there is; one part that cannot be read leaves the others alone, and is thrown at the end.
    mutating func read(
        _ buffer: inout ReadBuffer, nanoseconds: Int64, into sample: inout HostSample
    ) throws(CounterError) {
        if known.isDue(nanoseconds) {
            known.begin(nanoseconds)
            for part in Part.allCases {
                do throws(CounterError) {
                    try read(part, &buffer)
                } catch {
                    known.problem = known.problem ?? error
                }
            }
        }
        try known.append(to: &sample)
    }

    private mutating func read(_ part: Part, _ buffer: inout ReadBuffer) throws(CounterError) {
        switch part {
        case .memoryErrors: try Self.readMemoryErrors(options, &buffer, &known.found)
        case .throttles: try Self.readThrottles(options, &buffer, &known.found)
        case .temperatures: try Self.readTemperatures(options, &buffer, &known.found)
        case .arrays: try Self.readArrays(options, &buffer, &known.found)
        case .paths: try Self.readPaths(options, &buffer, &known.found)
        }
    }

    private static func names(in folder: String, prefix: String) -> [String] {
        // Without such hardware, or its driver, there is no such folder.
        ((try? ProcFolder.names(in: folder)) ?? []).filter { $0.hasPrefix(prefix) }.sorted()
    }

    /// EDAC, one folder for each memory controller (Linux `Documentation/admin-guide/ras.rst`).
    private static func readMemoryErrors(
        _ options: SamplerOptions, _ buffer: inout ReadBuffer, _ sample: inout HostSample
    ) throws(CounterError) {
        let folder = "\(options.sysFolder)/devices/system/edac/mc"
        for controller in names(in: folder, prefix: "mc") {
            for (file, kind) in [("ce_count", "corrected"), ("ue_count", "uncorrected")] {
                var file = OptionalFile("\(folder)/\(controller)/\(file)")
                guard let count = try file.count(&buffer) else { continue }
                sample.append(.memoryErrors, .parts([controller, kind]), Double(count))
            }
        }
    }

    /// Linux `arch/x86/kernel/cpu/mce/therm_throt.c`.
    private static func readThrottles(
        _ options: SamplerOptions, _ buffer: inout ReadBuffer, _ sample: inout HostSample
    ) throws(CounterError) {
        let folder = "\(options.sysFolder)/devices/system/cpu"
        for name in names(in: folder, prefix: "cpu") {
            guard let number = Int(name.dropFirst(3)) else { continue }
            for scope in ["core", "package"] {
                var file = OptionalFile("\(folder)/\(name)/thermal_throttle/\(scope)_throttle_count")
                guard let count = try file.count(&buffer) else { continue }
                sample.append(.logicalProcessorThrottles, .parts([String(number), scope]), Double(count))
            }
        }
    }

    /// Sensors of chips; where there are none, the thermal zones of the firmware.
    private static func readTemperatures(
        _ options: SamplerOptions, _ buffer: inout ReadBuffer, _ sample: inout HostSample
    ) throws(CounterError) {
        let before = sample.readings.count
        let folder = "\(options.sysFolder)/class/hwmon"
        for chip in names(in: folder, prefix: "hwmon") {
            try readChip("\(folder)/\(chip)", folderName: chip, &buffer, &sample)
        }
        guard sample.readings.count == before else { return }
        let zones = "\(options.sysFolder)/class/thermal"
        for zone in names(in: zones, prefix: "thermal_zone") {
            let kind = try text("\(zones)/\(zone)/type", &buffer) ?? "zone"
            guard let value = try temperature("\(zones)/\(zone)/temp", &buffer) else { continue }
            sample.append(.temperature, .parts([kind, zone]), value)
        }
    }

    private static func readChip(
        _ path: String, folderName: String, _ buffer: inout ReadBuffer, _ sample: inout HostSample
    ) throws(CounterError) {
        let sensors = names(in: path, prefix: "temp").compactMap { SensorFile(name: $0) }
            .filter { $0.attribute == .input }.map(\.number).sorted()
        guard !sensors.isEmpty else { return }
        let chip = "\(try text("\(path)/name", &buffer) ?? "chip")-\(folderName)"
        for number in sensors {
            guard let value = try temperature("\(path)/temp\(number)_input", &buffer) else { continue }
            let name = try text("\(path)/temp\(number)_label", &buffer) ?? "temp\(number)"
            sample.append(.temperature, .parts([chip, name]), value)
            if let critical = try temperature("\(path)/temp\(number)_crit", &buffer) {
                sample.append(.temperatureCritical, .parts([chip, name]), critical)
            }
        }
    }

    private static func readArrays(
        _ options: SamplerOptions, _ buffer: inout ReadBuffer, _ sample: inout HostSample
    ) throws(CounterError) {
        var file = OptionalFile("\(options.procFolder)/mdstat")
        guard let length = try file.read(into: &buffer) else { return }
        let found = try SoftwareArrays(parsing: buffer.bytes.span.extracting(0..<length), path: file.path)
        for array in found.arrays {
            let wanted = array.totalDisks ?? array.members - array.spares
            let active = array.activeDisks ?? wanted - array.failed
            let figures = [
                ("wanted", wanted), ("active", active), ("failed", array.failed), ("spare", array.spares),
            ]
            for (state, count) in figures {
                sample.append(.arrayDisks, .parts([array.name, state]), Double(count))
            }
            let runs = array.state == .active || array.state == .readOnly
            sample.append(.arrayDegraded, .parts([array.name, array.level ?? ""]), runs && active >= wanted ? 0 : 1)
            if let work = array.work, let done = array.workDone {
                sample.append(.arrayWork, .parts([array.name, "\(work)"]), done)
            }
        }
    }

    /// Device mapper's multipath devices say so in their identity; their paths are SCSI disks with a state (Linux
    /// `drivers/scsi/scsi_sysfs.c`, `sdev_states`) or other disks, which are there or not.
    private static func readPaths(
        _ options: SamplerOptions, _ buffer: inout ReadBuffer, _ sample: inout HostSample
    ) throws(CounterError) {
        let folder = "\(options.sysFolder)/block"
        for device in names(in: folder, prefix: "dm-") {
            guard let identity = try text("\(folder)/\(device)/dm/uuid", &buffer), identity.hasPrefix("mpath-") else {
                continue
            }
            let name = try text("\(folder)/\(device)/dm/name", &buffer) ?? device
            var states: [String: Int] = ["running": 0]
            for path in names(in: "\(folder)/\(device)/slaves", prefix: "") {
                let state = try text("\(folder)/\(device)/slaves/\(path)/device/state", &buffer) ?? "unknown"
                states[state == "live" ? "running" : state, default: 0] += 1
            }
            for (state, count) in states.sorted(by: { $0.key < $1.key }) {
                sample.append(.multipathPaths, .parts([name, state]), Double(count))
            }
        }
    }

    private static func text(_ path: String, _ buffer: inout ReadBuffer) throws(CounterError) -> String? {
        var file = OptionalFile(path)
        guard let length = try file.read(into: &buffer) else { return nil }
        // An attribute that a driver leaves empty says nothing.
        return try? SingleValue.text(parsing: buffer.bytes.span.extracting(0..<length), path: path)
    }

    /// `nil` where the sensor has nothing to say, or nothing that can be.
    private static func temperature(_ path: String, _ buffer: inout ReadBuffer) throws(CounterError) -> Double? {
        var file = OptionalFile(path)
        guard let length = try? file.read(into: &buffer) else { return nil }
        return (try? Temperature(parsing: buffer.bytes.span.extracting(0..<length), path: path))?.celsius
    }
}
