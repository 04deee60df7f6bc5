import Glibc

/// Where a machine's control groups are: version 1 has a hierarchy for each controller, version 2 one for all, and a
/// machine on its way from one to the other has both.
struct ControlGroups: Hashable, Sendable {
    private let folder: String

    init(_ sysFolder: String) {
        folder = "\(sysFolder)/fs/cgroup"
    }

    /// `v2`, `v1`, `hybrid`, or empty where there are none.
    var version: String {
        let hasFirst = has("cpuacct") || has("cpu,cpuacct")
        if has("cgroup.controllers") { return "v2" }
        return hasFirst ? (has("unified/cgroup.controllers") ? "hybrid" : "v1") : ""
    }

    /// The folder of a process's group under `controller`; `nil` where it has none there.
    func folder(of controller: String, _ membership: ControlGroupMembership) -> (path: String, isFirst: Bool)? {
        if let path = membership.controllers[controller] {
            // systemd mounts `cpu` and `cpuacct` together and links one to the other.
            let mount = has(controller) ? controller : "cpu,cpuacct"
            return ("\(folder)/\(mount)\(path)", true)
        }
        guard let path = membership.unified, has("cgroup.controllers") else { return nil }
        return ("\(folder)\(path)", false)
    }

    private func has(_ name: String) -> Bool { unsafe access("\(folder)/\(name)", F_OK) == 0 }
}
