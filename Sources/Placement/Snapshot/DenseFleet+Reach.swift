/// Where each VM may be, and who else has a say in it.
extension DenseFleet {
    /// Whether a VM may be on a host at all.
    @inline(__always)
    public func allows(_ machine: Int, on host: Int) -> Bool {
        let number = Int(mask[machine])
        return number < 0 || masks[number * words + host / 64] & (1 << UInt64(host % 64)) != 0
    }

    /// Whether a VM may be started on a host when its own fails, as far as that depends on the two alone.
    @inline(__always)
    func mayRestart(_ machine: Int, on host: Int) -> Bool {
        let number = Int(refugeMask[machine])
        return number < 0 || masks[number * words + host / 64] & (1 << UInt64(host % 64)) != 0
    }

    /// Whether no reserve covers the VM: an operator's rules bind it to its host, or nobody starts it elsewhere. One that
    /// only its host can run, for what it needs, is another matter: nobody said that it may be lost.
    public func isPinned(_ machine: Int) -> Bool { isPinned(machine, on: Int(places[machine])) }

    /// The same of a VM that is on that host.
    func isPinned(_ machine: Int, on host: Int) -> Bool {
        let binding = bindings[machine]
        return !isRestarted[machine] || binding == Int32(host) || binding == Binding.nowhereNumber
    }

    /// Whether VMs may come to a host at all, be it by a plan or after a failure.
    mutating func open(_ host: Int, _ isOpen: Bool) {
        self.isOpen[host] = isOpen
        isRefuge[host] = isOpen && !isLost[host]
    }

    /// Only these VMs are started elsewhere when their host fails.
    mutating func restartOnly(_ wanted: Set<Int>) {
        for machine in 0..<machines where !wanted.contains(machine) { isRestarted[machine] = false }
    }

    /// The VMs that the VM must stay with.
    func mates(of machine: Int) -> [Int] { (together[Int32(machine)] ?? []).map(Int.init) }

    /// Whether the VM must stay with others, so that it cannot move by itself.
    public func isPaired(_ machine: Int) -> Bool { isTogether[machine] }

    /// Whether one of the VMs that must not share a host with this one is as `condition` says.
    @inline(__always)
    public func hasRival(of machine: Int, where condition: (Int) -> Bool) -> Bool {
        rivalries.contains(rivalOf: machine, where: condition)
    }
}
