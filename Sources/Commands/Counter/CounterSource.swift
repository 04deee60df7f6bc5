import Counters
import FleetModel
import Glibc

/// This machine's native readings, moment after moment. No provider is asked: VMs are the QEMU processes that there are.
struct CounterSource {
    private let start = ContinuousClock.now
    private var sampler = HostSampler()

    /// Looks once and forgets it: a sampler knows only then what of VMs' time the platform shows.
    init() { _ = moment() }

    /// The readings of now.
    mutating func moment() -> CounterMoment {
        let instant = ContinuousClock.now - start
        return CounterMoment(sampler.sample([]), at: instant)
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
