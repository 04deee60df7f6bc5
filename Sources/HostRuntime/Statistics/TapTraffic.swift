import FleetModel
import Glibc

/// What the kernel counts for the host's end of a VM's network interface (Documentation/ABI/testing/
/// sysfs-class-net-statistics), turned round: what the host sent into it, the guest received.
struct TapTraffic: Sendable {
    /// Folder of the kernel's network interfaces.
    var folder: String

    /// Whether `name` can be an interface of the kernel's, and so be part of a path: at most 15 bytes (IFNAMSIZ), no
    /// slash, no way up.
    static func isInterface(_ name: String) -> Bool {
        (1...15).contains(name.utf8.count) && name != "." && name != ".."
            && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != 0x2f && $0 != 0x3a }
    }

    /// `found` under the name of its tap, with the tap's traffic and the bridge that it is on.
    func complete(_ found: NetworkReading.Found) -> VirtualMachineStatistics.Interface {
        var interface = found.interface
        guard let tap = found.tap, Self.isInterface(tap) else { return interface }
        interface.name = tap
        interface.received = traffic(of: tap, "tx")
        interface.sent = traffic(of: tap, "rx")
        interface.bridge = bridge(of: tap)
        return interface
    }

    private func traffic(of tap: String, _ direction: String) -> NetworkTraffic? {
        func count(_ name: String) -> Int64? {
            guard let bytes = SmallFile.read("\(folder)/\(tap)/statistics/\(direction)_\(name)") else { return nil }
            return Int64(String(decoding: bytes.prefix { $0 != 0x0a }, as: UTF8.self)).flatMap { $0 < 0 ? nil : $0 }
        }
        guard let bytes = count("bytes"), let packets = count("packets"), let errors = count("errors"),
            let drops = count("dropped")
        else { return nil }
        return NetworkTraffic(bytes: bytes, packets: packets, errors: errors, drops: drops)
    }

    /// Whom it belongs to: the link `master` leads to the bridge's own folder.
    private func bridge(of tap: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = unsafe readlink("\(folder)/\(tap)/master", &buffer, buffer.count)
        guard length > 0 else { return nil }
        let target = String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return target.split(separator: "/").last.map(String.init).flatMap { Self.isInterface($0) ? $0 : nil }
    }
}
