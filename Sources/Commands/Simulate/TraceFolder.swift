import Foundation

/// Reads VMs' processor use, a file a VM with a percentage each five minutes, as CoMon/PlanetLab days come: folders of
/// such files, or archives of them (`20110303.tar.xz`), which `tar` unpacks.
struct TraceFolder {
    let path: String

    /// All VM-days of the given days (of all days without any), in the order of days and names.
    func traces(days wanted: [String]) throws -> [[UInt8]] {
        guard let entries = try? FileManager.default.contentsOfDirectory(atPath: path).sorted() else {
            throw CommandFailure(.environment, "the folder \(path) cannot be read")
        }
        var traces: [[UInt8]] = []
        for entry in entries {
            let day = entry.split(separator: ".").first.map(String.init) ?? entry
            guard wanted.isEmpty || wanted.contains(day) else { continue }
            if entry.hasSuffix(".tar.xz") {
                traces += try withUnpacked("\(path)/\(entry)") { try Self.files(under: $0) }
            } else if Self.isFolder("\(path)/\(entry)") {
                traces += try Self.files(under: "\(path)/\(entry)")
            }
        }
        guard !traces.isEmpty else { throw CommandFailure(.environment, "\(path) holds no trace of the days wanted") }
        return traces
    }

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    private func withUnpacked<Result>(_ archive: String, _ body: (String) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.path + "/evenkeel-trace-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["tar", "-xJf", archive, "-C", folder]
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw CommandFailure(.environment, "tar cannot unpack \(archive); it and xz must be installed")
        }
        return try body(folder)
    }

    private static func files(under folder: String) throws -> [[UInt8]] {
        guard let paths = FileManager.default.enumerator(atPath: folder) else { return [] }
        var traces: [[UInt8]] = []
        for name in paths.compactMap({ $0 as? String }).sorted() where !isFolder("\(folder)/\(name)") {
            traces.append(try trace([UInt8](Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))), name: name))
        }
        return traces
    }

    /// The percentages of one file.
    static func trace(_ bytes: [UInt8], name: String) throws -> [UInt8] {
        try bytes.split(whereSeparator: { $0 == 32 || (9...13).contains($0) }).enumerated().map { place, word in
            guard let value = Int(String(decoding: word, as: UTF8.self)), (0...100).contains(value) else {
                throw CommandFailure(.wrongUse, "\(name): value \(place + 1) is not a percentage")
            }
            return UInt8(value)
        }
    }
}
