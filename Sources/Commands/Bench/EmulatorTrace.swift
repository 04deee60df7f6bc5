import FleetModel
import Foundation

/// Every command that QEMU's monitors take, told by QEMU itself: a program that starts QEMU with its own tracing on
/// (`qemu-system-x86_64 -trace handle_qmp_command`), a file for each process.
///
/// ```
/// PID@SECONDS.MICROSECONDS:handle_qmp_command mon 0x... req: {"execute": "qmp_capabilities"}
/// ```
struct EmulatorTrace: Sendable {
    /// The event, by QEMU's name.
    private static let event = "handle_qmp_command"

    /// What an agent starts in QEMU's place.
    let program: String
    private let folder: String

    /// Writes the program into `folder`.
    init(in folder: String, emulator: String = "/usr/bin/qemu-system-x86_64") throws {
        self.folder = folder + "/qmp"
        program = folder + "/qemu-traced"
        let text = """
            #!/bin/sh
            exec \(emulator) -msg timestamp=on -trace \(Self.event) -D "\(self.folder)/$$" "$@"

            """
        try FileManager.default.createDirectory(atPath: self.folder, withIntermediateDirectories: true)
        try text.write(toFile: program, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: program)
    }

    /// When the first command was taken by a QEMU that took none before `time`; `nil` where there was none, or where
    /// this QEMU cannot tell.
    func firstCommand(ofProcessNewSince time: Timestamp) -> Timestamp? {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.compactMap { name -> Timestamp? in
            let text = try? String(contentsOfFile: folder + "/" + name, encoding: .utf8)
            guard let first = text.flatMap(Self.firstCommand), first >= time else { return nil }
            return first
        }.min()
    }

    /// The time of the first command in a trace.
    static func firstCommand(in text: String) -> Timestamp? {
        for line in text.split(separator: "\n") where line.contains(":\(event) ") {
            guard let at = line.firstIndex(of: "@"), let colon = line[at...].firstIndex(of: ":"),
                let seconds = Double(line[line.index(after: at)..<colon])
            else { continue }
            return Timestamp(seconds: seconds)
        }
        return nil
    }
}
