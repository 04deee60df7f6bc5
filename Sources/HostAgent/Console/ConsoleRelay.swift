import Console
import Delivery
import FleetModel
import HTTPClient

/// Carries bytes between one VM's console and one session at the server.
///
/// The console is always read, whatever the server and the operator do: a serial port that nobody reads would hold the
/// guest up. What nobody fetches in time is dropped, oldest first.
struct ConsoleRelay: Sendable {
    /// How long the server is asked to wait for something that is typed, in seconds.
    private static let pollSeconds = 20
    private static let longestPiece = 32 << 10
    private static let queueCapacity = 256 << 10
    /// After so many failures in a row the server is given up; it closes a session whose host is away.
    private static let mostFailures = 6

    let session: String
    let machine: VirtualMachineID
    let channel: ByteChannel
    let link: ServerLink
    let patience: Patience

    /// Runs until one side ends; returns why, for the log.
    func run() async -> String {
        let queue = Locked(DroppingQueue(capacity: Self.queueCapacity))
        let (news, bell) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let reason = await withTaskGroup(of: String.self) { group in
            group.addTask { await readConsole(into: queue, bell) }
            group.addTask { await sendPrinted(from: queue, news) }
            group.addTask { await passTyped() }
            // The end of the guest's side is told behind the last that it printed.
            let reason = await group.next() ?? ""
            group.cancelAll()
            return reason
        }
        // A session that is over already does not mind.
        try? await link.endConsole(session, reason)
        return reason
    }

    private func readConsole(into queue: Locked<DroppingQueue>, _ bell: AsyncStream<Void>.Continuation) async -> String
    {
        do throws(ByteChannel.Failure) {
            while true {
                let bytes = try await channel.read(Self.longestPiece)
                if bytes.isEmpty { break }
                queue.withLock { $0.push(bytes) }
                bell.yield()
            }
        } catch {
            queue.withLock { $0.push(Array("\r\n[\(error)]\r\n".utf8)) }
        }
        // The sender ends when it has sent what is left, and then the relay does.
        bell.finish()
        await Cancellation.wait()
        return "the agent ends"
    }

    private func sendPrinted(from queue: Locked<DroppingQueue>, _ news: AsyncStream<Void>) async -> String {
        var position: Int64 = 0
        var piece: [UInt8] = []
        for await _ in news {
            while true {
                if piece.isEmpty { piece = queue.withLock { $0.take(Self.longestPiece) } }
                if piece.isEmpty { break }
                guard case .success(let answer) = await asking({ try await link.printed(piece, at: position, session) })
                else { return "the server was not reached" }
                guard case .taken(let end) = answer, end >= position else { return over(answer) }
                piece.removeFirst(min(piece.count, Int(end - position)))
                position = end
            }
        }
        return "the VM's side of the console ended"
    }

    private func passTyped() async -> String {
        var position: Int64 = 0
        while !Task.isCancelled {
            let asked = position
            guard
                case .success(let answer) = await asking({
                    try await link.typed(session, after: asked, wait: Self.pollSeconds)
                })
            else { return "the server was not reached" }
            switch answer {
            case .typed(let bytes):
                guard (try? await channel.write(bytes)) == true else { return "the VM's side of the console ended" }
                position += Int64(bytes.count)
            case .nothing: continue
            case .over, .taken: return over(answer)
            }
        }
        return "the agent ends"
    }

    private func over(_ answer: ServerLink.ConsoleAnswer) -> String {
        if case .over(let reason) = answer { return "the session is over: \(reason)" }
        return "the server answered what does not belong here"
    }

    /// Asks, and again after growing waits where the way fails.
    private func asking(
        _ body: () async throws -> ServerLink.ConsoleAnswer
    ) async -> Result<ServerLink.ConsoleAnswer, any Error> {
        var failures = 0
        while true {
            do {
                return .success(try await body())
            } catch {
                failures += 1
                if Task.isCancelled || failures >= Self.mostFailures { return .failure(error) }
                guard (try? await patience.wait(failures: failures)) != nil else { return .failure(error) }
            }
        }
    }
}

/// Waits for nothing but the end of the task.
private enum Cancellation {
    static func wait() async {
        let (never, continuation) = AsyncStream.makeStream(of: Void.self)
        for await _ in never {}
        continuation.finish()
    }
}
