import FleetModel
import Glibc

/// Reads `/proc/net/dev`, the links of interfaces with hardware, bonds and bridges, and the packets that logical
/// processors did not get to. The host's ends of VMs' interfaces are left to the VMs.
struct InterfaceReader: Sendable {
    private var traffic: OptionalFile
    private var backlog: OptionalFile
    private let folder: String
    private var interfaces = InterfaceStatistics()
    private var packets = PacketBacklog()
    /// By name; `nil` for one that is not reported.
    private var links: [String: Link?] = [:]

    fileprivate struct Link: Sendable {
        /// Whether it has an end that somebody can pull.
        let hasCable: Bool
        var operation: OptionalFile
        var carrier: OptionalFile
        var speed: OptionalFile
        var changes: OptionalFile
    }

    init(_ options: SamplerOptions) {
        traffic = OptionalFile("\(options.procFolder)/net/dev")
        backlog = OptionalFile("\(options.procFolder)/net/softnet_stat")
        folder = "\(options.sysFolder)/class/net"
    }

    /// Appends what there is.
    mutating func read(_ buffer: inout ReadBuffer, into sample: inout HostSample) throws(CounterError) {
        if let length = try traffic.read(into: &buffer) {
            try interfaces.parse(buffer.bytes.span.extracting(0..<length), path: traffic.path)
            if interfaces.interfaces.count != links.count { forgetInterfaces() }
            for place in interfaces.interfaces.indices {
                try append(interfaces.interfaces[place], &buffer, to: &sample)
            }
        }
        if let length = try backlog.read(into: &buffer) {
            try packets.parse(buffer.bytes.span.extracting(0..<length), path: backlog.path)
            var (drops, squeezes): (Int64, Int64) = (0, 0)
            for line in packets.lines {
                drops = drops.addingReportingOverflow(line.drops).partialValue
                squeezes = squeezes.addingReportingOverflow(line.squeezes).partialValue
            }
            sample.append(.backlogDrops, .host, Double(drops))
            sample.append(.backlogSqueezes, .host, Double(squeezes))
        }
    }

    private mutating func forgetInterfaces() {
        let present = Set(interfaces.interfaces.map(\.name))
        links = links.filter { present.contains($0.key) }
    }

    private mutating func append(
        _ interface: InterfaceStatistics.Interface, _ buffer: inout ReadBuffer, to sample: inout HostSample
    ) throws(CounterError) {
        let name = interface.name
        if links[name] == nil { links[name] = .some(open(name)) }
        guard let known = links[name], known != nil else { return }
        append(name, .received, interface.received, to: &sample)
        append(name, .sent, interface.sent, to: &sample)
        try links[name]??.append(name, &buffer, to: &sample)
    }

    private func append(
        _ name: String, _ flow: SeriesKey.Flow, _ traffic: NetworkTraffic, to sample: inout HostSample
    ) {
        let subject = SeriesKey.Subject.interface(name, flow)
        sample.append(.networkBytes, subject, Double(traffic.bytes))
        sample.append(.networkPackets, subject, Double(traffic.packets))
        sample.append(.networkErrors, subject, Double(traffic.errors))
        sample.append(.networkDrops, subject, Double(traffic.drops))
    }

    /// `nil` for loopback and for the host's end of a VM's interface (a tap, Linux `drivers/net/tun.c`).
    private func open(_ name: String) -> Link? {
        let path = "\(folder)/\(name)"
        func has(_ file: String) -> Bool { unsafe access("\(path)/\(file)", F_OK) == 0 }
        if name == "lo" || has("tun_flags") { return nil }
        return Link(
            hasCable: has("device") || has("bridge") || has("bonding"), operation: OptionalFile("\(path)/operstate"),
            carrier: OptionalFile("\(path)/carrier"), speed: OptionalFile("\(path)/speed"),
            changes: OptionalFile("\(path)/carrier_changes"))
    }
}

extension InterfaceReader.Link {
    fileprivate mutating func append(
        _ name: String, _ buffer: inout ReadBuffer, to sample: inout HostSample
    ) throws(CounterError) {
        guard hasCable else { return }
        var state = LinkState()
        if let length = try operation.read(into: &buffer) {
            try state.take(
                .operation, parsing: buffer.bytes.span.extracting(0..<length), path: operation.path)
        }
        if let length = try carrier.read(into: &buffer) {
            try state.take(.carrier, parsing: buffer.bytes.span.extracting(0..<length), path: carrier.path)
        }
        if let length = try speed.read(into: &buffer) {
            try state.take(.speed, parsing: buffer.bytes.span.extracting(0..<length), path: speed.path)
        }
        // A driver that does not say how it is says at least whether there is a carrier.
        let isUp = state.operation == .unknown || state.operation == nil ? state.hasCarrier : state.operation == .up
        if let isUp { sample.append(.linkUp, .part(name), isUp ? 1 : 0) }
        if let speed = state.megabitsPerSecond { sample.append(.linkSpeed, .part(name), Double(speed) * 1e6) }
        if let changes = try changes.count(&buffer) { sample.append(.linkChanges, .part(name), Double(changes)) }
    }
}
