import FleetModel
import FleetState
import Foundation

/// An exported audit log on disk, read a piece at a time.
struct AuditFile {
    /// No entry is longer than this.
    private static let longestLine = 1 << 24

    let path: String

    /// Checks the whole file; returns where it ends. Throws `AuditBreak` for the first thing that is wrong.
    func verify(known: AuditChain?) throws -> AuditChain {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw CommandFailure(.wrongUse, "\(path) cannot be read")
        }
        defer { try? handle.close() }
        var reader = AuditExport.Reader()
        var isKnownSeen = known == nil
        var rest: [UInt8] = []
        while let piece = try handle.read(upToCount: 1 << 16), !piece.isEmpty {
            rest += piece
            while let end = rest.firstIndex(of: 0x0a) {
                try take(rest[..<end], &reader)
                if reader.chain == known { isKnownSeen = true }
                rest.removeSubrange(...end)
            }
            if rest.count > Self.longestLine {
                throw AuditBreak.unreadable(line: reader.count + 2, reason: "the line has no end")
            }
        }
        if !rest.isEmpty { try take(rest[...], &reader) }
        let chain = try reader.finish()
        if let known, !isKnownSeen { throw AuditBreak.otherEnd(known: known, found: chain) }
        return chain
    }

    private func take(_ line: ArraySlice<UInt8>, _ reader: inout AuditExport.Reader) throws {
        guard let text = String(validating: line, as: UTF8.self) else {
            throw AuditBreak.unreadable(line: reader.count + 2, reason: "not UTF-8")
        }
        try reader.take(text)
    }
}
