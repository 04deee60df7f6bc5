import FleetModel

/// Hosts and VMs as a synchronous model: what a `VirtualMachineProvider` on each host would do, without time passing in
/// between. Migrations last as long as memory and bandwidth say; their end is an event that the caller plans.
public struct SimulatedFleet: Sendable {
    /// What comes of asking a host to do something.
    public enum Result: Sendable, Hashable {
        /// Done or refused.
        case answer(HostTaskAnswer)
        /// Sending goes on; the caller plans `endMigration(of:on:attempt:)` for the end. Asked again, the attempt is the
        /// same and the end is planned already.
        case sending(attempt: Int, lasting: Duration, isNew: Bool)
    }

    /// Hosts by name.
    public internal(set) var hosts: [HostName: SimulatedHost]
    /// What a migration stream carries in a second.
    public var bandwidth: Bytes

    /// A fleet of these hosts, with no VM yet.
    public init(hosts: [SimulatedHost], bandwidth: Bytes = .mebibytes(500)) {
        self.hosts = Dictionary(hosts.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.bandwidth = bandwidth
    }

    /// Starts a VM on a host.
    public mutating func start(_ machine: SimulatedVM, on host: HostName) {
        hosts[host]?.processes[machine.definition.id] = SimulatedProcess(machine: machine, state: .running)
    }

    /// Does one step on one host.
    public mutating func perform(_ task: HostTask, on host: HostName, at time: Timestamp) -> Result {
        let id = task.virtualMachine
        let state = hosts[host]?.processes[id]?.state
        switch task {
        case .prepareIncoming(let incoming): return .answer(prepare(incoming, on: host, state: state, at: time))
        case .send(let outgoing): return send(outgoing, from: host, state: state)
        case .inspect: return .answer(.state(state))
        case .releaseSource: return .answer(release(id, on: host, state: state))
        case .abandonIncoming: return .answer(abandon(id, on: host, state: state))
        case .cancelSend: return .answer(cancel(id, on: host, state: state))
        case .resumeSource: return .answer(resume(id, on: host, state: state))
        case .define, .start, .launch, .pause, .resume, .save, .restore, .resize, .balloon, .snapshot, .openConsole,
            .stop, .remove, .load, .recover:
            return .answer(.refused("the simulated fleet moves VMs and does nothing else to them"))
        }
    }

    // MARK: Steps

    private mutating func prepare(
        _ incoming: IncomingMigration, on host: HostName, state: VirtualMachineState?, at time: Timestamp
    ) -> HostTaskAnswer {
        let id = incoming.definition.id
        if let state, state != .incoming { return .refused("the VM is \(state.rawValue) here") }
        guard let target = hosts[host], let machine = machine(id) else { return .refused("nobody knows the VM") }
        if state == nil, target.memoryPromised + incoming.definition.memory > target.memory {
            return .refused("not enough memory")
        }
        var process = hosts[host]?.processes[id] ?? SimulatedProcess(machine: machine, state: .incoming)
        process.givesUp = time + .seconds(incoming.timeLimitSeconds)
        hosts[host]?.processes[id] = process
        return .listening(address: "tcp:\(host):49152")
    }

    private mutating func send(
        _ outgoing: OutgoingMigration, from host: HostName, state: VirtualMachineState?
    ) -> Result {
        let id = outgoing.virtualMachine
        guard var process = hosts[host]?.processes[id] else { return .answer(.refused("the VM is not known here")) }
        let lasting = duration(of: process.machine, limit: outgoing)
        switch process.state {
        case .outgoing: return .sending(attempt: process.attempt, lasting: lasting, isNew: false)
        case .handedOver: return .answer(process.figures.map(HostTaskAnswer.sent) ?? .failed("no figures"))
        case .running: break
        default: return .answer(.refused("the VM is \(process.state.rawValue) here"))
        }
        guard let destination = Self.host(in: outgoing.destination),
            hosts[destination]?.processes[id]?.state == .incoming
        else { return .answer(.failed("connection to \(outgoing.destination) refused")) }
        process.state = .outgoing
        process.destination = destination
        process.attempt += 1
        hosts[host]?.processes[id] = process
        return .sending(attempt: process.attempt, lasting: lasting, isNew: true)
    }

    private mutating func release(_ id: VirtualMachineID, on host: HostName, state: VirtualMachineState?)
        -> HostTaskAnswer
    {
        guard let state else { return .done }
        guard state == .handedOver else { return .refused("the VM is \(state.rawValue) here") }
        hosts[host]?.processes[id] = nil
        return .done
    }

    private mutating func abandon(_ id: VirtualMachineID, on host: HostName, state: VirtualMachineState?)
        -> HostTaskAnswer
    {
        guard let state else { return .done }
        guard state == .incoming else { return .refused("the VM is \(state.rawValue) here") }
        endIncoming(of: id, on: host)
        return .done
    }

    private mutating func cancel(_ id: VirtualMachineID, on host: HostName, state: VirtualMachineState?)
        -> HostTaskAnswer
    {
        guard state == .outgoing else { return .state(state) }
        breakStream(of: id, from: host)
        return .state(.running)
    }

    private mutating func resume(_ id: VirtualMachineID, on host: HostName, state: VirtualMachineState?)
        -> HostTaskAnswer
    {
        switch state {
        case .handedOver:
            hosts[host]?.processes[id]?.state = .running
            return .done
        case .running: return .done
        default: return .refused("the VM is \(state?.rawValue ?? "not known") here")
        }
    }

    // MARK: What happens without being asked

    /// The stream of that attempt is complete: the source is halted for good and the guest goes on at the destination,
    /// unless `destinationDies` at that very moment. Nothing where the attempt has ended before.
    public mutating func endMigration(
        of id: VirtualMachineID, on host: HostName, attempt: Int, lasting: Duration, destinationDies: Bool = false
    ) {
        guard let process = hosts[host]?.processes[id], process.state == .outgoing, process.attempt == attempt,
            let destination = process.destination, hosts[destination]?.processes[id]?.state == .incoming
        else { return }
        let figures = MigrationFigures(
            totalMilliseconds: Int(lasting.milliseconds), downtimeMilliseconds: 20,
            transferred: process.machine.definition.memory)
        hosts[host]?.processes[id]?.state = .handedOver
        hosts[host]?.processes[id]?.figures = figures
        if destinationDies {
            hosts[destination]?.processes[id] = nil
        } else {
            hosts[destination]?.processes[id]?.state = .running
            hosts[destination]?.processes[id]?.givesUp = nil
        }
    }

    /// The stream breaks: the guest goes on at the source, and the process that waited for it ends.
    public mutating func breakStream(of id: VirtualMachineID, from host: HostName) {
        guard let destination = hosts[host]?.processes[id]?.destination,
            hosts[host]?.processes[id]?.state == .outgoing
        else { return }
        hosts[host]?.processes[id]?.state = .running
        hosts[host]?.processes[id]?.destination = nil
        if hosts[destination]?.processes[id]?.state == .incoming { hosts[destination]?.processes[id] = nil }
    }

    /// Somebody who does not ask Evenkeel moves a VM that runs, at once. Whether it could be done.
    public mutating func moveByOthers(_ id: VirtualMachineID, from host: HostName, to destination: HostName) -> Bool {
        guard host != destination, let process = hosts[host]?.processes[id], process.state == .running,
            let target = hosts[destination], target.processes[id] == nil,
            target.memoryPromised + process.machine.definition.memory <= target.memory
        else { return false }
        hosts[host]?.processes[id] = nil
        start(process.machine, on: destination)
        return true
    }

    /// Processes that have waited for their VM too long end by themselves.
    public mutating func giveUpWaiting(at time: Timestamp) {
        for host in hosts.keys.sorted() {
            for (id, process) in hosts[host]?.processes ?? [:] where process.state == .incoming {
                if let limit = process.givesUp, limit < time, source(sendingTo: host, id) == nil {
                    endIncoming(of: id, on: host)
                }
            }
        }
    }

    private mutating func endIncoming(of id: VirtualMachineID, on host: HostName) {
        if let source = source(sendingTo: host, id) { breakStream(of: id, from: source) }
        hosts[host]?.processes[id] = nil
    }

    private func source(sendingTo host: HostName, _ id: VirtualMachineID) -> HostName? {
        hosts.values.first { $0.processes[id]?.state == .outgoing && $0.processes[id]?.destination == host }?.name
    }

    // MARK: Views

    /// The hosts on which each guest runs: exactly one, when all is well.
    public func owners() -> [VirtualMachineID: [HostName]] {
        var owners: [VirtualMachineID: [HostName]] = [:]
        for host in hosts.values.sorted(by: { $0.name < $1.name }) {
            for (id, process) in host.processes where process.state.ownsGuest {
                owners[id, default: []].append(host.name)
            }
        }
        return owners
    }

    /// How long sending lasts: the memory once, and a quarter again for what is written meanwhile.
    func duration(of machine: SimulatedVM, limit: OutgoingMigration) -> Duration {
        let rate = min(bandwidth, limit.bandwidthLimit ?? bandwidth)
        return .milliseconds(Int64(1.25 * Double(machine.definition.memory.count) / Double(max(1, rate.count)) * 1000))
    }

    private func machine(_ id: VirtualMachineID) -> SimulatedVM? {
        hosts.values.lazy.compactMap { $0.processes[id]?.machine }.first
    }

    private static func host(in address: String) -> HostName? {
        let parts = address.split(separator: ":")
        return parts.count == 3 ? HostName(String(parts[1])) : nil
    }
}
