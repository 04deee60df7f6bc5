import FleetModel
import Foundation

@testable import HostRuntime

/// What QEMU says on its monitor, and a guest on its agent's channel through the same reader.
extension FuzzTarget {
    /// A stream of lines, cut in two at the first byte's share. However it is cut, the same is heard; what is held is
    /// bounded; whatever is read as JSON is written so that it is read as the same, and what is made of it traps nowhere.
    static let monitor = FuzzTarget(name: "monitor", seeds: { monitorSeeds.map { [128] + Array($0.utf8) } }) { bytes in
        guard let cut = bytes.first else { return }
        let text = Array(bytes.dropFirst())
        let first = text.count * Int(cut) / 255
        let whole = heard([text])
        require(heard([Array(text[..<first]), Array(text[first...])]) == whole, "it matters how the stream is cut")
        for line in text.split(separator: 0x0a) { read(Array(line)) }
    }

    private static func heard(_ pieces: [[UInt8]]) -> [MonitorSession.Output] {
        var session = MonitorSession()
        _ = session.command("query-status", nil)
        return pieces.flatMap { session.receive($0) }
    }

    private static func read(_ line: [UInt8]) {
        guard let value = JSONText.value(line) else { return }
        require(JSONText.value(JSONText.bytes(of: value)) == value, "a value is not read as it was written")
        let answer = value["return"] ?? value
        let reading = MigrationReading(answer)
        guard let id = VirtualMachineID("00000000-0000-4000-8000-000000000000") else { return }
        var watch = SendingWatch(
            OutgoingMigration(
                virtualMachine: id,
                destination: "tcp:127.0.0.1:1", timeLimitSeconds: 1), since: .now)
        _ = watch.receive(reading, at: .now)
        _ = watch.figures(of: reading)
    }

    private static let monitorSeeds = [
        #"""
        {"QMP":{"version":{"qemu":{"micro":22,"minor":2,"major":7},"package":""},"capabilities":["oob"]}}
        {"return":{},"id":0}
        {"return":{"status":"running","singlestep":false,"running":true},"id":1}
        {"timestamp":{"seconds":1,"microseconds":2},"event":"STOP"}
        """#,
        #"""
        {"return":{"status":"active","total-time":14,"expected-downtime":300,"cpu-throttle-percentage":20,
        "ram":{"total":67108864,"remaining":1,"transferred":2,"dirty-sync-count":3,"page-size":4096}},"id":1}
        """#.replacingOccurrences(of: "\n\"ram\"", with: "\"ram\"") + "\n",
        #"{"error":{"class":"GenericError","desc":"no \u00e4 \ud83d\ude00 \\ \" "},"id":1}"# + "\n",
        "[1,-2.5e-3,1e400,9223372036854775807,9223372036854775808,null,true,false,\"\",{},[]]\n",
    ]
}
