import Delivery
import Counters
import FleetModel
import HTTPClient
import Logging

/// Tells the server how the host is: after every sample, and at once after a VM changed. Only the newest report counts.
actor HostReporter {
    /// What stays the same from report to report.
    struct Identity: Sendable {
        var host: HostName
        var cluster: ClusterName
        var version: String
        var run: String
        var accelerator: Accelerator
        var migrationAddress: String?
        /// What the configuration adds to what the providers can do.
        var migrationBandwidth: Bytes?
        var diskBandwidth: Bytes?
        var sharedFolder: String?

        /// What VMs here can be made of and how they move: by the providers and by the configuration.
        func capabilities(_ known: HostCapabilities?) -> HostCapabilities? {
            if known == nil, migrationBandwidth == nil, diskBandwidth == nil, sharedFolder == nil { return nil }
            var all = known ?? HostCapabilities()
            all.migrationBandwidth = migrationBandwidth ?? all.migrationBandwidth
            all.diskBandwidth = diskBandwidth ?? all.diskBandwidth
            all.sharedFolder = sharedFolder ?? all.sharedFolder
            return all
        }
    }

    private let identity: Identity
    private let link: ServerLink
    private let patience: Patience
    /// A report that is older says nothing of the present.
    private let oldestAge: Duration
    private let logger: Logger
    private var newest: HostReport?
    private var logicalProcessors: Int?
    private var memory: Bytes?
    private var memoryAvailable: Bytes?
    private var residentMemory: [VirtualMachineID: Bytes] = [:]
    private var capabilities: HostCapabilities?
    private var reach = HostReach.Reading()
    private var unmanaged: [VirtualMachineStatus] = []
    /// How far the host's clock is ahead of the server's, as its last answer showed.
    private(set) var clockSkew: Duration?
    private let signal: AsyncStream<Void>.Continuation
    private let signals: AsyncStream<Void>

    /// A reporter for samples that come every `interval`.
    init(_ identity: Identity, link: ServerLink, interval: Duration, patience: Patience, logger: Logger) {
        self.identity = identity
        self.link = link
        self.patience = patience
        oldestAge = interval * 3
        self.logger = logger
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Notes what a sample says of the host.
    func note(_ sample: HostSample) {
        logicalProcessors = sample.logicalProcessors ?? logicalProcessors
        memory = sample.memory ?? memory
        memoryAvailable = sample.memoryAvailable
        residentMemory = sample.residentMemory
        unmanaged = sample.unmanaged
    }

    /// Notes what VMs can be made of here.
    func note(_ capabilities: HostCapabilities?) { self.capabilities = capabilities ?? self.capabilities }

    /// Notes what VMs find here that no provider tells of.
    func note(_ reach: HostReach.Reading) { self.reach = reach }

    /// Reports the VMs as the provider has just told them. Before the first whole sample there is nothing to say of the
    /// host, and where the provider did not answer, nothing of the VMs: silence makes the host stale at the server.
    func report(_ reading: Inventory.Reading, time: Timestamp) {
        guard !reading.isDoubtful, let logicalProcessors, let memory else {
            // An earlier report that still waits for the server would arrive later and pass for the present.
            newest = nil
            return
        }
        let known = Set(reading.machines.compactMap(\.process))
        let machines = (reading.machines + unmanaged.filter { $0.process.map { !known.contains($0) } ?? true }).map {
            machine in
            var machine = machine
            machine.residentMemory = residentMemory[machine.definition.id] ?? machine.residentMemory
            return machine
        }
        var report = HostReport(
            host: identity.host, cluster: identity.cluster, time: time, agentVersion: identity.version,
            agentRun: identity.run, logicalProcessors: logicalProcessors, memory: memory,
            memoryAvailable: memoryAvailable, accelerator: identity.accelerator,
            migrationAddress: identity.migrationAddress, virtualMachines: machines,
            clockSkewMilliseconds: clockSkew?.milliseconds)
        report.capabilities = reach.added(to: identity.capabilities(capabilities))
        newest = report
        signal.yield()
    }

    /// Sends reports until the task is cancelled.
    func run() async throws {
        var failures = 0
        for await _ in signals {
            while let report = timely() {
                do throws(HTTPClientError) {
                    clockSkew = try await link.report(report, clock: patience.clock)
                    if failures > 0 { logger.info("the server takes reports again") }
                    failures = 0
                    if newest == report { newest = nil }
                } catch {
                    try Task.checkCancellation()
                    if failures == 0 { logger.warning("the server does not take reports: \(error)") }
                    failures += 1
                    try await patience.wait(failures: failures)
                }
            }
        }
    }

    /// The newest report, unless it is too old to be sent.
    func timely() -> HostReport? {
        if let report = newest, patience.clock.now - report.time > oldestAge { newest = nil }
        return newest
    }
}
