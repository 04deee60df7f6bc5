import FleetModel

/// A VM's network interfaces as the monitor's command for people, `info network`, lists them; there is no other that
/// names the host's end. Every guest interface is followed by what it is connected to:
/// ```
/// net0: index=0,type=nic,model=virtio-net-pci,macaddr=52:54:00:12:34:57
///  \ hostnet0: index=0,type=tap,ifname=vnet0,script=no,downscript=no
/// ```
/// Nothing promises that form, so what is not understood is passed over.
enum NetworkReading {
    /// An interface and its tap on the host, where it has one that is named.
    struct Found: Hashable, Sendable {
        /// What the guest sees, under the name of the device.
        var interface: VirtualMachineStatistics.Interface
        /// The host's end.
        var tap: String?
    }

    /// Reads the answer to `human-monitor-command`.
    static func interfaces(_ answer: JSONValue) -> [Found] {
        var found: [Found] = []
        // Whether the peers that follow belong to the guest interface found last.
        var isWithin = false
        let text = answer.text ?? ""
        for line in text.split(whereSeparator: \.isNewline).prefix(JSONValue.mostItems) {
            guard let (name, isPeer, values) = parse(line) else { continue }
            if !isPeer {
                isWithin = values["type"] == "nic"
                guard isWithin else { continue }
                var interface = VirtualMachineStatistics.Interface(name: name)
                interface.model = values["model"].map(model)
                // A device with several queues is listed once for each.
                isWithin = !found.contains { $0.interface.name == name }
                if isWithin { found.append(Found(interface: interface)) }
            } else if isWithin, values["type"] == "tap", let place = found.indices.last, found[place].tap == nil {
                found[place].tap = values["ifname"].flatMap { TapTraffic.isInterface($0) ? $0 : nil }
            }
        }
        return found
    }

    private static func parse(_ line: Substring) -> (name: String, isPeer: Bool, values: [String: String])? {
        let isPeer = line.drop { $0 == " " }.hasPrefix("\\")
        let rest = line.drop { $0 == " " || $0 == "\\" }
        guard let colon = rest.firstRange(of: ": ") else { return nil }
        guard let name = JSONValue.string(String(rest[..<colon.lowerBound])).plainText(limit: 200) else { return nil }
        var values: [String: String] = [:]
        for part in rest[colon.upperBound...].split(separator: ",") {
            guard let equals = part.firstIndex(of: "=") else { continue }
            let value = JSONValue.string(String(part[part.index(after: equals)...])).plainText(limit: 200)
            values[String(part[..<equals])] = value
        }
        return (name, isPeer, values)
    }

    /// The family of a device, without the bus that it sits on.
    private static func model(_ device: String) -> String { device.hasPrefix("virtio-net") ? "virtio" : device }
}
