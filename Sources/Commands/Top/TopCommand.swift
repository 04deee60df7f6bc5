import ArgumentParser
import Console
import FleetModel
import FleetServer
import Foundation
import UnixSignals

/// `evenkeel top`: the fleet, live, on a whole terminal.
struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top", abstract: "A live view of hosts, VMs, tips and operations on the whole terminal.",
        discussion: """
            Keys: 1-4 or Tab turn to hosts, VMs, tips, operations; arrows choose; Enter opens; a approves the chosen tip \
            after a question; / filters; s sorts by the next column, r turns the order round; ? shows the keys; q leaves.
            Where standard output is no terminal one picture is printed (--width and --height say how large).
            Example: evenkeel top
            """)

    @Option(help: "Seconds between two looks.")
    var interval = 2.0

    @Option(help: "Characters a line, where standard output is no terminal.")
    var width = 100

    @Option(help: "Lines, where standard output is no terminal.")
    var height = 30

    @OptionGroup var server: ServerOptions

    func validate() throws {
        guard (0.2...3600).contains(interval) else { throw ValidationError("--interval is 0.2 to 3600 seconds") }
        guard (20...1000).contains(width), (5...1000).contains(height) else {
            throw ValidationError("--width is 20 to 1000 and --height 5 to 1000")
        }
    }

    func run() async throws {
        let view = TopView(client: try server.client())
        guard TerminalSize.isTerminal, let keys = RawTerminal() else {
            var state = TopState(now: WallClock().now)
            try await view.refresh(&state)
            print(TopScreen(width: width, height: height).lines(of: state).joined(separator: "\n"))
            return
        }
        _ = signal(SIGPIPE, SIG_IGN)
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup, .sigquit, .sigwinch)
        let terminal = TopTerminal()
        terminal.begin()
        defer {
            terminal.restore()
            keys.restore()
        }
        await TopLoop(view: view, terminal: terminal, interval: .seconds(interval)).run(until: signals)
    }
}

/// What `evenkeel top` asks of the server.
struct TopView: Sendable {
    let client: ServerClient

    func refresh(_ state: inout TopState) async throws {
        state.now = WallClock().now
        state.status = try await client.get("/fleet/v1/status")
        state.hosts = try await client.get("/fleet/v1/hosts")
        state.machines = try await client.get("/fleet/v1/vms")
        // There may be thousands: their plans are asked for one by one.
        state.tips = try await client.get("/fleet/v1/tips?brief=true")
        state.operations = try await client.get("/fleet/v1/operations")
    }

    /// Does what a key asked for, and says how it went.
    func serve(_ request: TopState.Request, _ state: inout TopState) async throws {
        switch request {
        case .quit: break
        case .refresh: try await refresh(&state)
        case .openTip(let number):
            let tip: TipView = try await client.get("/fleet/v1/tips/\(number)")
            state.mode = .detail(Self.lines(TipText.details(tip)), from: 0)
        case .askApproval(let number): state.ask(about: try await client.get("/fleet/v1/tips/\(number)"))
        case .openOperation(let number):
            let operation: OperationView = try await client.get("/fleet/v1/operations/\(number)")
            state.mode = .detail(Self.lines(OperationText.details(operation)), from: 0)
        case .openMachine(let id):
            let details: VirtualMachineDetails = try await client.get("/fleet/v1/vms/\(ServerClient.escaped(id))")
            state.mode = .detail(Self.lines(VirtualMachineText.details(details)), from: 0)
        case .approve(let number, let version):
            let _: TipView = try await client.post(
                "/fleet/v1/tips/\(number)/approve", ApprovalOrder(plan: version))
            state.message = "tip \(number) is approved"
            try await refresh(&state)
        }
    }

    private static func lines(_ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }
}

/// Keys, looks and signals in one line: the state is changed by one at a time, and drawn after each.
struct TopLoop {
    private enum Event: Sendable {
        case keys([UInt8])
        case look
        /// The terminal has another size.
        case size
        case end
    }

    let view: TopView
    let terminal: TopTerminal
    let interval: Duration

    func run(until signals: UnixSignalsSequence) async {
        let (events, feed) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingNewest(64))
        let interval = interval
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                let input = ByteChannel(borrowing: STDIN_FILENO)
                while let bytes = try? await input.read(256), !bytes.isEmpty { feed.yield(.keys(bytes)) }
                feed.yield(.end)
            }
            group.addTask {
                while !Task.isCancelled {
                    feed.yield(.look)
                    try? await Task.sleep(for: interval)
                }
            }
            group.addTask {
                for await signal in signals { feed.yield(signal == .sigwinch ? .size : .end) }
            }
            defer { group.cancelAll() }
            await show(events)
        }
    }

    private func show(_ events: AsyncStream<Event>) async {
        var state = TopState(now: WallClock().now)
        draw(state)
        for await event in events {
            switch event {
            case .end: return
            case .look: await look(&state)
            case .size: break
            case .keys(let bytes):
                state.message = ""
                state.isLost = false
                for key in TopKey.keys(in: bytes) {
                    guard let request = state.press(key) else { continue }
                    if request == .quit { return }
                    await attempt(request, &state)
                }
            }
            draw(state)
        }
    }

    private func look(_ state: inout TopState) async {
        let isLost = await !attempt(.refresh, &state)
        if state.isLost && !isLost { state.message = "" }
        state.isLost = isLost
    }

    /// What goes wrong is said at the foot; the view goes on. Returns whether it went well.
    @discardableResult
    private func attempt(_ request: TopState.Request, _ state: inout TopState) async -> Bool {
        do {
            try await view.serve(request, &state)
            return true
        } catch let failure as CommandFailure {
            state.message = failure.message
        } catch {
            state.message = "\(error)"
        }
        return false
    }

    private func draw(_ state: TopState) {
        // Asked for anew each time: whoever makes the window larger sees more with the next picture.
        let size = TerminalSize.current
        terminal.draw(
            TopScreen(width: size.columns, height: size.rows, hasColours: TerminalSize.hasColours).lines(of: state))
    }
}
