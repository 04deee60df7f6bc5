/// Whether the kernel can tell guest code from the rest of a KVM thread's time.
///
/// KVM without hardware virtualisation counts nearly everything as system time; now and then a tick falls between
/// entering and leaving a guest and is counted as guest time all the same. So not a single tick decides, but the share
/// of guest time in all that the threads of KVM machines have run.
struct GuestSight: Hashable, Sendable {
    /// Below this share of guest time the split is taken to be unseen. Guests that hardly leave the hypervisor's code,
    /// through exits or halt polling, still show several times as much.
    private static let leastShare = 0.01
    /// Run time that there must be before its share means anything: 20 ticks.
    private static let leastRun = 20 * ThreadLedger.tick

    /// Whether guest time is what it says; not before a machine under KVM has shown it.
    private(set) var isClear = false

    /// Looks at all threads of a sample; without enough of KVM in it the last verdict stands.
    mutating func look(at threads: [MachineThread]) {
        var run = 0.0
        var guest = 0.0
        for thread in threads where thread.nature == .hardware {
            run += Double(thread.runNanoseconds ?? (thread.stat.user + thread.stat.system) * ThreadLedger.tick)
            guest += Double(thread.stat.guest * ThreadLedger.tick)
        }
        if run >= Double(Self.leastRun) { isClear = guest >= run * Self.leastShare }
    }
}
