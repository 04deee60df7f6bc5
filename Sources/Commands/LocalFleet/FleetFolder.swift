import FleetModel
import Foundation

/// The one folder that a demonstration keeps everything in: private, and gone afterwards.
struct FleetFolder: Sendable {
    /// Every folder's name begins so.
    static let prefix = "evenkeel-demo."

    let path: String

    /// Makes a folder of its own below the system's folder for temporary files. Its path is short, for the paths of Unix
    /// sockets below it have 107 bytes at the most.
    init() throws {
        var template = Array("/tmp/\(Self.prefix)XXXXXX".utf8CString)
        guard let made = unsafe mkdtemp(&template) else {
            throw CommandFailure(
                .environment, "cannot make a folder in /tmp: \(unsafe String(cString: strerror(errno)))")
        }
        path = unsafe String(cString: made)
    }

    /// A folder that another process made.
    init(existing path: String) {
        self.path = path
    }

    var firmware: String { path + "/pulse.bin" }

    func host(_ name: HostName) -> String { path + "/\(name)" }

    func remove() throws {
        try FileManager.default.removeItem(atPath: path)
    }
}
