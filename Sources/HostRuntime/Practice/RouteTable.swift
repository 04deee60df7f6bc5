import Glibc

/// The kernel's routes for IPv4 (proc(5), `/proc/net/route`): a heading, and then a line each, addresses as they lie in
/// memory, in hexadecimal:
/// ```
/// Iface  Destination  Gateway   Flags  RefCnt  Use  Metric  Mask      MTU  Window  IRTT
/// br0    00000000     0102000A  0003   0       0    0       00000000  0    0       0
/// ```
struct RouteTable: Hashable, Sendable {
    private struct Route: Hashable, Sendable {
        var interface: String
        var destination: UInt32
        var mask: UInt32
        var metric: Int
    }

    private let routes: [Route]

    /// Reads the file's text; a line that is no route is passed over.
    init(_ text: String) {
        routes = text.split(separator: "\n").dropFirst().prefix(10_000).compactMap { line in
            let fields = line.split(whereSeparator: \.isWhitespace)
            guard fields.count > 7, TapTraffic.isInterface(String(fields[0])),
                let destination = UInt32(fields[1], radix: 16),
                let flags = UInt32(fields[3], radix: 16), flags & 1 == 1, let metric = Int(fields[6]),
                let mask = UInt32(fields[7], radix: 16)
            else { return nil }
            return Route(interface: String(fields[0]), destination: destination, mask: mask, metric: metric)
        }
    }

    /// The interface that leads to everywhere else; `nil` where there is none.
    var standardInterface: String? { routes.filter { $0.mask == 0 }.min { $0.metric < $1.metric }?.interface }

    /// The interface that leads to an IPv4 address without a gateway in between that is everybody's: the most precise
    /// route that is not the standard one.
    func interface(to address: String) -> String? {
        var bytes = in_addr()
        guard unsafe inet_pton(AF_INET, address, &bytes) == 1 else { return nil }
        let matching = routes.filter { $0.mask != 0 && bytes.s_addr & $0.mask == $0.destination }
        return matching.max { ($0.mask.nonzeroBitCount, -$0.metric) < ($1.mask.nonzeroBitCount, -$1.metric) }?.interface
    }
}
