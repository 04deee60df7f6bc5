import Foundation
import Testing

@testable import MetricsWire

@Suite struct GzipTests {
    /// Enough for several steps, and not all of it repeats.
    private let text = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }

    private func compressed(_ bytes: [UInt8], pieces: Int) -> [UInt8] {
        let encoder = GzipEncoder()
        let size = max(1, bytes.count / pieces)
        var result: [UInt8] = []
        var place = 0
        while place + size < bytes.count {
            result += encoder.append(Array(bytes[place..<place + size]), isLast: false)
            place += size
        }
        return result + encoder.append(Array(bytes[place...]), isLast: true)
    }

    @Test(arguments: [1, 3, 1000])
    func whatIsCompressedInPiecesComesBackWhole(pieces: Int) throws {
        for bytes in [[], [7], text] {
            #expect(try Gzip.inflate(compressed(bytes, pieces: pieces), limit: text.count) == bytes)
        }
    }

    @Test func gunzipReadsWhatIsWritten() throws {
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/bin/gzip")
        process.arguments = ["-dc"]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        input.fileHandleForWriting.write(Data(compressed(Array(text[..<20_000]), pieces: 2)))
        try input.fileHandleForWriting.close()
        let back = try output.fileHandleForReading.readToEnd()
        process.waitUntilExit()
        #expect(back.map(Array.init) == Array(text[..<20_000]))
    }

    @Test func aBombIsRefusedAtTheLimit() {
        let bomb = compressed([UInt8](repeating: 0, count: 10 << 20), pieces: 1)
        #expect(bomb.count < 100_000)
        #expect(throws: WireError.inflatesBeyond(limit: 1 << 20)) { try Gzip.inflate(bomb, limit: 1 << 20) }
    }

    @Test func membersInARowCountAsOne() throws {
        let two = compressed([1, 2], pieces: 1) + compressed([3], pieces: 1)
        #expect(try Gzip.inflate(two, limit: 3) == [1, 2, 3])
    }

    @Test func whatBreaksOffOrIsNoGzipIsRefused() {
        let whole = compressed(Array(text[..<1000]), pieces: 1)
        for length in 0..<whole.count {
            #expect(throws: WireError.notGzip) { try Gzip.inflate(Array(whole[..<length]), limit: 1 << 20) }
        }
        #expect(throws: WireError.notGzip) { try Gzip.inflate(whole + [1, 2, 3], limit: 1 << 20) }
        #expect(throws: WireError.notGzip) { try Gzip.inflate(Array("query=up".utf8), limit: 1 << 20) }
    }
}
