import Glibc

/// What the runtime meets on its host besides its own folder: where the kernel and systemd show themselves, and what
/// this process was started with. Tests put others in their place.
public struct HostSurroundings: Hashable, Sendable {
    /// Folder of the kernel's network interfaces.
    public var networkInterfaces = "/sys/class/net"
    /// The control group of this process (cgroups(7)).
    public var controlGroup = "/proc/self/cgroup"
    /// Folder that is there where systemd is the machine's service manager (sd_booted(3)).
    public var systemd = "/run/systemd/system"
    /// The program that starts others in scopes, by absolute path.
    public var systemdRun = "/usr/bin/systemd-run"
    /// Folder of the users' own service managers, one folder for each by user id.
    public var userFolders = "/run/user"
    /// What makes taps (Documentation/networking/tuntap.rst).
    public var tunDevice = "/dev/net/tun"
    /// The kernel's own work for virtio's network queues.
    public var vhostDevice = "/dev/vhost-net"
    /// Folder of the control groups.
    public var controlGroups = "/sys/fs/cgroup"
    /// The kernel's routes (proc(5)).
    public var routes = "/proc/net/route"
    /// What is mounted (proc(5)).
    public var mounts = "/proc/mounts"
    /// Folder of the kernel's iSCSI connections.
    public var storageConnections = "/sys/class/iscsi_connection"
    /// What the host's memory is used for (proc(5)).
    public var memory = "/proc/meminfo"
    /// `INVOCATION_ID` of the environment, which systemd gives to the processes of services.
    public var invocation: String?
    /// The user that this process runs as.
    public var user: UInt32

    /// Whether a QEMU of ours may have the kernel tell it of pages that are missing, which post-copy needs: root may, and
    /// others where this is 1 (Documentation/admin-guide/sysctl/vm.rst, `unprivileged_userfaultfd`).
    var mayFetchPages: Bool {
        user == 0 || SmallFile.read("/proc/sys/vm/unprivileged_userfaultfd")?.first == 0x31
    }

    /// What this process really meets.
    public init() {
        invocation = unsafe getenv("INVOCATION_ID").map { unsafe String(cString: $0) }
        user = geteuid()
    }
}
