/// The VMs that each host's failure sets free, the largest first: side by side in memory, since in a large fleet it is
/// reading here and there that takes the time.
struct WardLists: Sendable {
    /// A VM.
    struct Entry: Sendable, Comparable {
        /// What it needs of the first resource.
        let need: Int64
        let machine: Int32
        /// Whether nothing but room says where it may start.
        let isPlain: Bool

        static func < (left: Entry, right: Entry) -> Bool {
            left.need == right.need ? left.machine < right.machine : left.need > right.need
        }
    }

    private var entries: [Entry]
    private var starts: [Int]

    /// The VMs of all hosts, those of moves under way on both sides. VMs that no reserve covers are left out.
    init(_ holdings: Holdings) {
        let hosts = holdings.fleet.hosts
        var starts = [Int](repeating: 0, count: hosts + 1)
        let machines = (0..<holdings.fleet.machines).filter { !holdings.fleet.isPinned($0) }
        for machine in machines { holdings.visitHomes(of: machine) { starts[$0 + 1] += 1 } }
        for host in 0..<hosts { starts[host + 1] += starts[host] }
        var next = starts
        var entries = [Entry](repeating: Entry(need: 0, machine: 0, isPlain: false), count: starts[hosts])
        for machine in machines {
            let need = holdings.resources == 0 ? 0 : holdings.fleet.need(machine, 0)
            let isPlain = FailurePacking.isPlain(machine, holdings)
            holdings.visitHomes(of: machine) { host in
                entries[next[host]] = Entry(need: need, machine: Int32(machine), isPlain: isPlain)
                next[host] += 1
            }
        }
        for host in 0..<hosts { entries[starts[host]..<starts[host + 1]].sort() }
        self.entries = entries
        self.starts = starts
    }

    /// How many there are in all.
    var count: Int { entries.count }

    /// Shows the VMs of a set of hosts to `body`, each once, the largest first.
    func visit(_ hosts: [Int], _ body: (Entry) -> Void) {
        if hosts.count == 1 {
            for place in starts[hosts[0]]..<starts[hosts[0] + 1] { body(entries[place]) }
            return
        }
        var all: [Entry] = []
        for host in hosts { all += entries[starts[host]..<starts[host + 1]] }
        all.sort()
        // One that is being moved from one of them to another is there twice, side by side.
        for (place, entry) in all.enumerated() where place == 0 || all[place - 1].machine != entry.machine {
            body(entry)
        }
    }
}
