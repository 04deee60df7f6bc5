import FleetModel
import Foundation
import HostRuntime

/// Listens to the pulse guests of a local fleet on every host at once, so that a guest is heard wherever it runs, and
/// tells them what to do.
final class GuestConsoles: Sendable {
    private struct Place: Hashable {
        let machine: VirtualMachineID
        let host: HostName
    }

    private struct State {
        var ticks: [VirtualMachineID: TickRecord] = [:]
        var open: [Place: PulseConsole] = [:]
        var settings: [VirtualMachineID: PulseSettings] = [:]
    }

    /// How often a console that is not there is looked for again.
    private static let lookAgain: Duration = .milliseconds(20)

    private let state = Locked(State())
    private let clock: any Clock
    private let listening: Task<Void, Never>

    /// Listens at `path(machine, host)` for each of them, from now until `close`.
    init(
        machines: [VirtualMachineID], hosts: [HostName], clock: any Clock = WallClock(),
        path: @escaping @Sendable (VirtualMachineID, HostName) -> String
    ) {
        self.clock = clock
        let state = state
        listening = Task {
            await withDiscardingTaskGroup { group in
                for machine in machines {
                    for host in hosts {
                        let place = Place(machine: machine, host: host)
                        group.addTask { await Self.listen(at: path(machine, host), place, state, clock) }
                    }
                }
            }
        }
    }

    /// What was heard of a guest so far.
    func ticks(of machine: VirtualMachineID) -> TickRecord {
        state.withLock { $0.ticks[machine] ?? TickRecord() }
    }

    /// How a guest said it is set; `nil` before it said so.
    func settings(of machine: VirtualMachineID) -> PulseSettings? {
        state.withLock { $0.settings[machine] }
    }

    /// Tells a guest, where it was heard last. Throws when it was not heard at all.
    func tell(_ machine: VirtualMachineID, _ setting: PulseSetting) throws {
        let console = state.withLock { state -> PulseConsole? in
            guard let last = state.ticks[machine]?.ticks.last else { return nil }
            return state.open[Place(machine: machine, host: last.host)]
        }
        guard let console else { throw CommandFailure(.no, "the guest of VM \(machine) says nothing on its console") }
        do {
            try console.send(setting)
        } catch {
            throw CommandFailure(.no, "the guest of VM \(machine) does not listen: \(error)")
        }
    }

    /// Stops listening.
    func close() {
        listening.cancel()
        for console in state.withLock({ Array($0.open.values) }) { console.close() }
    }

    private static func listen(at path: String, _ place: Place, _ state: Locked<State>, _ clock: any Clock) async {
        while !Task.isCancelled {
            if FileManager.default.fileExists(atPath: path), let console = try? PulseConsole(path: path) {
                state.withLock { $0.open[place] = console }
                for await heard in console.lines { take(heard, place, state, clock) }
                state.withLock { _ = $0.open.removeValue(forKey: place) }
            }
            try? await clock.sleep(for: lookAgain)  // cancelled: the loop's condition sees it
        }
    }

    private static func take(_ heard: PulseConsole.Heard, _ place: Place, _ state: Locked<State>, _ clock: any Clock) {
        switch heard.line {
        case .tick(let number):
            let time = clock.now - (ContinuousClock.now - heard.moment)
            state.withLock { state in
                state.ticks[place.machine, default: TickRecord()].receive(
                    TickRecord.Tick(sequence: number, host: place.host, time: time))
            }
        case .settings(let settings): state.withLock { $0.settings[place.machine] = settings }
        case .problem, .other: break
        }
    }
}
