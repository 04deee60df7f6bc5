import FleetModel

/// `/proc/net/dev`: what every network interface has carried since it came up (Linux `net/core/net-procfs.c`).
///
/// ```
///  face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls carrier compressed
///   eth0: 248354603 5013 0 0 0 0 0 0 206335 2863 0 0 0 0 0 0
/// ```
public struct InterfaceStatistics: Hashable, Sendable {
    /// One interface.
    public struct Interface: Hashable, Sendable {
        /// Its name: `eth0`, `vnet3`.
        public var name: String
        /// What came in. A VM's tap shows here what the VM sent.
        public var received: NetworkTraffic
        /// What went out.
        public var sent: NetworkTraffic
    }

    /// The interfaces in the file's order.
    public var interfaces: [Interface] = []

    /// An empty reading, to be filled by `parse`.
    public init() {}

    /// Takes the content of the file; the room of `interfaces` is kept between calls. Throws where an interface's
    /// line has fewer than twelve numbers, or where the file has no heading.
    public mutating func parse(_ bytes: Span<UInt8>, path: String = "/proc/net/dev") throws(CounterError) {
        interfaces.removeAll(keepingCapacity: true)
        guard bytes.hasPrefix("Inter-|") else {
            throw .malformed(path: path, line: 1, expected: "a heading that begins with 'Inter-|'")
        }
        var place = bytes.lineEnd(from: bytes.lineEnd(from: 0))
        var lineNumber = 3
        while place < bytes.count {
            bytes.skipBlanks(&place)
            if let colon = bytes.firstPlace(of: .colon, in: bytes.line(from: place)) {
                let name = place..<colon
                place = colon + 1
                guard let interface = Self.interface(name, bytes, &place) else {
                    throw .malformed(path: path, line: lineNumber, expected: "sixteen numbers behind the name")
                }
                interfaces.append(interface)
            }
            place = bytes.lineEnd(from: place)
            lineNumber += 1
        }
    }

    private static func interface(_ name: Range<Int>, _ bytes: Span<UInt8>, _ place: inout Int) -> Interface? {
        guard !name.isEmpty, let received = traffic(bytes, &place) else { return nil }
        for _ in 0..<4 where !bytes.skipWord(&place) { return nil }
        guard let sent = traffic(bytes, &place) else { return nil }
        return Interface(name: bytes.text(name), received: received, sent: sent)
    }

    private static func traffic(_ bytes: Span<UInt8>, _ place: inout Int) -> NetworkTraffic? {
        guard let count = bytes.counter(&place), let packets = bytes.counter(&place),
            let errors = bytes.counter(&place), let drops = bytes.counter(&place)
        else { return nil }
        return NetworkTraffic(bytes: count, packets: packets, errors: errors, drops: drops)
    }
}
