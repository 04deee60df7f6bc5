import FleetModel

/// The serial port of a pulse guest, over the VM's console socket. It may be opened as soon as the VM has a process,
/// also while a destination still waits for its guest; lines come once the guest is there.
public final class PulseConsole: Sendable {
    /// A line and when it was read.
    public struct Heard: Hashable, Sendable {
        /// What was said.
        public var line: PulseLine
        /// When it came out of the socket.
        public var moment: ContinuousClock.Instant
    }

    /// What the guest says, from the connection on, until its process ends or ``close()``. For one reader.
    public let lines: AsyncStream<Heard>
    private let socket: FileDescriptor
    private let readiness: Readiness
    private let finish: @Sendable () -> Void

    /// Connects to the console socket at `path`; see ``QEMURuntime/consolePath(of:)``.
    public init(path: String) throws(HostRuntimeError) {
        let socket = try UnixSocket.connected(to: path)
        let (lines, continuation) = AsyncStream.makeStream(of: Heard.self, bufferingPolicy: .bufferingNewest(100_000))
        let framing = Locked(LineFraming())
        self.socket = socket
        self.lines = lines
        finish = { continuation.finish() }
        readiness = Readiness(of: socket) { readiness in
            let isEnd = Self.read(socket) { bytes in
                let moment = ContinuousClock.now
                for line in framing.withLock({ $0.receive(bytes) }) {
                    continuation.yield(Heard(line: PulseLine(line), moment: moment))
                }
            }
            if isEnd {
                readiness.cancel()
                continuation.finish()
            }
        }
    }

    deinit { finish() }

    /// Sends a setting. The guest hears nothing before its first tick, so wait for a line before the first setting.
    public func send(_ setting: PulseSetting) throws(HostRuntimeError) {
        guard try socket.writeAll(Array(setting.line.utf8)) else {
            throw .system(doing: "cannot write to", on: "console", reason: "the guest's QEMU has ended")
        }
    }

    /// Ends the connection; the guest goes on.
    public func close() {
        readiness.cancel()
        finish()
    }

    /// Reads what is there; true at the end of the stream.
    private static func read(_ socket: FileDescriptor, _ take: ([UInt8]) -> Void) -> Bool {
        do throws(HostRuntimeError) {
            while let bytes = try socket.read(limit: 1 << 14) {
                if bytes.isEmpty { return true }
                take(bytes)
            }
            return false
        } catch {
            return true
        }
    }
}

/// Cuts a stream of bytes into lines of printable text, holding no more than a line of bounded length.
struct LineFraming: Sendable {
    static let longestLine = 1024
    private var line: [UInt8] = []

    init() {}

    mutating func receive(_ bytes: some Sequence<UInt8>) -> [String] {
        var lines: [String] = []
        for byte in bytes {
            if byte == 0x0a {
                lines.append(String(decoding: line, as: UTF8.self))
                line = []
            } else if (0x20...0x7e).contains(byte), line.count < Self.longestLine {
                line.append(byte)
            }
        }
        return lines
    }
}
