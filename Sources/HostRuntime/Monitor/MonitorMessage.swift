/// Something that happened inside QEMU, such as `RESUME`.
struct MonitorEvent: Hashable, Sendable {
    var name: String
    var data: JSONValue
}

/// One line from QEMU's monitor. QEMU's docs/interop/qmp-spec.txt draws them:
/// ```
/// {"QMP": {"version": {...}, "capabilities": [...]}}
/// {"return": VALUE, "id": ID}
/// {"error": {"class": TEXT, "desc": TEXT}, "id": ID}
/// {"event": TEXT, "data": OBJECT, "timestamp": {...}}
/// ```
enum MonitorMessage: Hashable, Sendable {
    /// With the version of QEMU where it gives one, such as `7.2.22`, and whether it takes commands out of turn (`oob`).
    case greeting(version: String?, takesUrgent: Bool)
    case returned(id: Int64, JSONValue)
    /// `id` is missing where QEMU could not even read the command.
    case failed(id: Int64?, kind: String, reason: String)
    case event(MonitorEvent)

    /// Reads one line without its end; `nil` where it is none of these.
    init?(line: some Sequence<UInt8>) {
        guard let value = JSONText.value(Array(line)) else { return nil }
        if let greeting = value["QMP"] {
            let capabilities = greeting["capabilities"]?.items ?? []
            self = .greeting(
                version: Self.version(greeting["version"]?["qemu"]), takesUrgent: capabilities.contains("oob"))
        } else if let name = value["event"]?.text {
            self = .event(MonitorEvent(name: name, data: value["data"] ?? .null))
        } else if let returned = value["return"], let id = value["id"]?.whole {
            self = .returned(id: id, returned)
        } else if let error = value["error"] {
            let reason = error["desc"]?.text ?? "no reason given"
            self = .failed(id: value["id"]?.whole, kind: error["class"]?.text ?? "", reason: reason)
        } else {
            return nil
        }
    }

    private static func version(_ value: JSONValue?) -> String? {
        let parts = ["major", "minor", "micro"].compactMap { value?[$0]?.whole }
        return parts.count == 3 ? parts.map { "\($0)" }.joined(separator: ".") : nil
    }
}
