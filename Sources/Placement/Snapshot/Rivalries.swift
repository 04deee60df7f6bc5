/// Groups of VMs that must not share a host, flat: in a large fleet it is reading here and there that takes the time.
struct Rivalries: Sendable {
    /// By VM, where its groups begin in `groups`; by group, where its members begin in `members`.
    private let groupStarts: [Int32]
    private let groups: [Int32]
    private let memberStarts: [Int32]
    private let members: [Int32]

    /// The groups, each as the numbers of its VMs.
    init(_ apart: [[Int]], machines: Int) {
        var counts = [Int32](repeating: 0, count: machines + 1)
        for member in apart.lazy.flatMap(\.self) { counts[member + 1] += 1 }
        for machine in 0..<machines { counts[machine + 1] += counts[machine] }
        groupStarts = counts
        var groups = [Int32](repeating: 0, count: Int(counts[machines]))
        var next = counts
        var memberStarts: [Int32] = [0]
        var members: [Int32] = []
        for (number, group) in apart.enumerated() {
            for member in group {
                groups[Int(next[member])] = Int32(number)
                next[member] += 1
            }
            members += group.map(Int32.init)
            memberStarts.append(Int32(members.count))
        }
        self.groups = groups
        self.memberStarts = memberStarts
        self.members = members
    }

    /// Whether the VM is in no group.
    func isEmpty(_ machine: Int) -> Bool { groupStarts[machine] == groupStarts[machine + 1] }

    /// Whether one of the VM's rivals is as `condition` says.
    @inline(__always)
    func contains(rivalOf machine: Int, where condition: (Int) -> Bool) -> Bool {
        for place in Int(groupStarts[machine])..<Int(groupStarts[machine + 1]) {
            let group = Int(groups[place])
            for member in Int(memberStarts[group])..<Int(memberStarts[group + 1]) {
                let rival = Int(members[member])
                if rival != machine && condition(rival) { return true }
            }
        }
        return false
    }
}
