import FleetModel

/// Readers of statistics, each with a thread and a connection of its own: one at a time, but in place of one whose call
/// hangs there is soon another. While the first waits for a QEMU that does not answer, libvirt lets the second pass that
/// one by (VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT), so that the other domains are not lost with it.
final class StatisticsCalls: Sendable {
    private let make: @Sendable () -> CallQueue<StatisticsReader>
    private let state: Locked<State>

    private struct State {
        var current: CallQueue<StatisticsReader>
        var hanging: [CallQueue<StatisticsReader>] = []
    }

    /// Each holds up a thread here and one of the daemon's twenty.
    private static let mostHanging = 4

    init(make: @escaping @Sendable () -> CallQueue<StatisticsReader>) {
        self.make = make
        state = Locked(State(current: make()))
    }

    /// Statistics by whichever reader does not hang.
    func read() async throws(LibvirtError) -> [VirtualMachineStatistics] {
        let calls = state.withLock { state in
            state.hanging.removeAll { !$0.isOverdue }
            if state.current.isOverdue, state.hanging.count < Self.mostHanging {
                state.hanging.append(state.current)
                state.current = make()
            }
            return state.current
        }
        return try await calls.call("read statistics") { reader throws(LibvirtError) in try reader.read() }
    }
}
