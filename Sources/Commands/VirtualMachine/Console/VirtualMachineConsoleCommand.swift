import ArgumentParser
import Console
import FleetModel
import FleetServer
import Foundation
import UnixSignals

/// `evenkeel vm console`: a VM's first serial port, in this terminal.
struct VirtualMachineConsoleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "console", abstract: "Opens a VM's console in this terminal; Ctrl-] ends.",
        discussion: """
            The server and the VM's host relay it; one operator at a time has a VM's console. What the guest prints is \
            shown without what could act on your terminal (titles, clipboard, questions that it would answer as if you \
            had typed); --raw leaves all in.
            Where standard input is no terminal it is sent as it is, and the command goes on for --linger seconds after the \
            end of input.
            Examples:
              evenkeel vm console web-1
              printf 'uptime\\n' | evenkeel vm console web-1
            """)

    @Argument(help: "The VM's name or UUID.")
    var machine: String

    @Flag(help: "Pass on every byte that the guest prints.")
    var raw = false

    @Option(help: "How many seconds to go on after the end of input.")
    var linger = 1.0

    @Flag(help: "Print the session as JSON on standard error when it is open.")
    var json = false

    @OptionGroup var server: ServerOptions

    func run() async throws {
        guard linger >= 0, linger <= 86_400 else { throw CommandFailure(.wrongUse, "--linger is 0 to 86400 seconds") }
        let client = try server.client()
        let path = "/fleet/v1/vms/\(ServerClient.escaped(machine))/console"
        let view: ConsoleView = try await client.post(path, Empty())
        let line = ConsoleLine(client: client, session: view.session)
        do {
            let operation = try await OperationWatch(client: client).end(of: view.operation)
            guard operation.state == .succeeded else {
                throw CommandFailure(.no, operation.log.last?.text ?? "the console was not opened")
            }
            let notice = json ? try JSONOutput.text(view, pretty: false) : Self.notice(view)
            StandardError.write(PlainText.harmless(notice) + "\n")
            let ending = try await carry(line)
            StandardError.write(PlainText.harmless("\n\(ending)\n"))
        } catch {
            await line.close()
            throw error
        }
        await line.close()
    }

    private static func notice(_ view: ConsoleView) -> String {
        let keys = isatty(STDIN_FILENO) == 1 ? " Ctrl-] ends." : ""
        return "Console of \(view.name) on \(view.host).\(keys)"
    }

    /// Carries bytes until one side ends or a signal comes; the terminal is then what it was before, however it ends.
    private func carry(_ line: ConsoleLine) async throws -> String {
        _ = signal(SIGPIPE, SIG_IGN)
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup, .sigquit)
        let screen = ConsoleScreen(isRaw: raw, isTerminal: isatty(STDOUT_FILENO) == 1)
        let terminal = RawTerminal()
        defer {
            terminal?.restore()
            screen.restore()
        }
        let keys = terminal == nil ? nil : ConsoleLine.endKey
        return try await withThrowingTaskGroup(of: String?.self) { group in
            group.addTask { try await line.show(on: screen) }
            group.addTask {
                switch try await line.type(from: ByteChannel(borrowing: STDIN_FILENO), endingWith: keys) {
                case .key: return "Closed."
                // Whoever shows the output hears why, and ends.
                case .session: return nil
                case .input:
                    try await Task.sleep(for: .seconds(linger))
                    return "Closed at the end of input."
                }
            }
            group.addTask {
                for await signal in signals { return "Closed by \(signal)." }
                return nil
            }
            defer { group.cancelAll() }
            for try await ending in group { if let ending { return ending } }
            return "Closed."
        }
    }
}
