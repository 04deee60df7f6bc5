import Console
import FleetModel
import Foundation
import Glibc
import Testing

@Suite("Bytes on their way")
struct ByteWindowTests {
    @Test("What comes twice counts once, and nothing goes beyond the room")
    func window() {
        var window = ByteWindow(capacity: 5)
        #expect(window.append([1, 2, 3], at: 0) == 3)
        #expect(window.append([1, 2, 3], at: 0) == 3)
        #expect(window.append([2, 3, 4], at: 1) == 4)
        #expect(window.append([9], at: 5) == nil && window.append([9], at: -1) == nil)
        #expect(window.append([5, 6, 7], at: 4) == 5 && window.isFull)
        #expect(window.first(2) == [1, 2] && window.first(9) == [1, 2, 3, 4, 5])
        #expect(!window.forget(before: 6) && window.forget(before: 3) && !window.forget(before: 2))
        #expect(window.first(9) == [4, 5] && window.start == 3)
        #expect(window.append([5, 6, 7, 8], at: 4) == 8 && window.first(9) == [4, 5, 6, 7, 8])
    }

    @Test("Of too many bytes the oldest go, with a notice in their place")
    func dropping() {
        var queue = DroppingQueue(capacity: 4)
        #expect(queue.isEmpty && queue.take(10).isEmpty)
        queue.push(Array("abcdef".utf8))
        queue.push(Array("g".utf8))
        let first = String(decoding: queue.take(100), as: UTF8.self)
        #expect(first == "\r\n[3 bytes of the console were left out]\r\ndefg")
        #expect(queue.isEmpty)
        queue.push(Array("xyz".utf8))
        #expect(queue.take(2) == Array("xy".utf8) && queue.take(2) == Array("z".utf8))
    }

    @Test("A channel reads what comes, writes what is taken, sees the end, and stops when cancelled")
    func channel() async throws {
        let path = "/tmp/evenkeel-console-\(UUID().uuidString.prefix(8)).sock"
        defer { unsafe unlink(path) }
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: Array(path.utf8)) }
        let status = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(status == 0 && listen(listener, 1) == 0)
        let channel = try ByteChannel.open(.socket(path: path))
        let peer = accept(listener, nil, nil)
        #expect(peer >= 0)
        let waiting = Task { try await channel.read(100) }
        waiting.cancel()
        #expect(try await waiting.value.isEmpty)
        unsafe "hello".withCString { _ = unsafe write(peer, $0, 5) }
        #expect(try await channel.read(3) == Array("hel".utf8))
        #expect(try await channel.read(100) == Array("lo".utf8))
        // More than a socket holds: the writer waits for the reader.
        let sent = [UInt8](repeating: 7, count: 1 << 20)
        let writing = Task { try await channel.write(sent) }
        let got = await BlockingThread.result {
            var room = [UInt8](repeating: 0, count: 1 << 16)
            var got = 0
            while got < 1 << 20, case let count = unsafe read(peer, &room, room.count), count > 0 { got += count }
            return got
        }
        #expect(try await writing.value && got == sent.count)
        close(peer)
        #expect(try await channel.read(100).isEmpty)
        #expect(throws: ByteChannel.Failure.self) { try ByteChannel.open(.socket(path: "/nowhere/console.sock")) }
        #expect(throws: ByteChannel.Failure.self) { try ByteChannel.open(.terminal(path: "/nowhere/pts")) }
    }
}
