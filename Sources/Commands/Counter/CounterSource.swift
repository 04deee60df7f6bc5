import Counters
import FleetModel
import Glibc

/// This machine's native readings, moment after moment.
struct CounterSource {
    private let start = ContinuousClock.now
    private var sampler = HostSampler()
    private var machines = MachineSight()

    /// Looks once and forgets it: a sampler knows only then what of VMs' time the platform shows.
    init() throws { _ = try moment() }

    /// The readings of now; throws a failure where the machine's processes cannot be listed.
    mutating func moment() throws -> CounterMoment {
        do throws(CounterError) {
            let found = try machines.look()
            let names = Dictionary(
                found.map { ($0.definition.id, $0.definition.name.text) }, uniquingKeysWith: { first, _ in first })
            let instant = ContinuousClock.now - start
            return CounterMoment(sampler.sample(found), at: instant, names: names)
        } catch {
            throw CommandFailure(.environment, "\(error)")
        }
    }
}

/// What this machine is called.
enum MachineName {
    /// The kernel's name of it.
    static var text: String {
        var bytes = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&bytes, bytes.count - 1) == 0 else { return "localhost" }
        return String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
