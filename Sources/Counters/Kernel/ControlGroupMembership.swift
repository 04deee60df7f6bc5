/// `/proc/PID/cgroup`: in which cgroup of each hierarchy a process is (Linux cgroups(7)).
///
/// ```
/// 4:memory:/machine.slice/machine-qemu\x2d1\x2dweb.scope      version 1: number, controllers, path
/// 2:cpu,cpuacct:/machine.slice/...
/// 1:name=systemd:/user.slice
/// 0::/machine.slice/machine-qemu\x2d1\x2dweb.scope            version 2: no controllers
/// ```
/// Paths are below the mount point of the hierarchy, as the reader's cgroup namespace shows them.
public struct ControlGroupMembership: Hashable, Sendable {
    /// The path in version 2's hierarchy; `nil` where the kernel has none.
    public var unified: String?
    /// The path by controller (`cpuacct`, `memory`, `name=systemd`) in the hierarchies of version 1.
    public var controllers: [String: String] = [:]

    /// Reads the file's content; throws where a line is not of three parts. A file without lines is that of a kernel
    /// without cgroups.
    public init(parsing bytes: Span<UInt8>, path: String) throws(CounterError) {
        var place = 0
        var lineNumber = 1
        while place < bytes.count {
            let line = bytes.line(from: place)
            if !line.isEmpty {
                guard let first = bytes.firstPlace(of: .colon, in: line),
                    let second = bytes.firstPlace(of: .colon, in: first + 1..<line.upperBound)
                else {
                    throw .malformed(path: path, line: lineNumber, expected: "a number, controllers and a path")
                }
                add(bytes.text(first + 1..<second), bytes.text(second + 1..<line.upperBound))
            }
            place = bytes.lineEnd(from: place)
            lineNumber += 1
        }
    }

    private mutating func add(_ names: String, _ path: String) {
        if names.isEmpty { unified = path }
        for name in names.split(separator: ",") { controllers[String(name)] = path }
    }

    /// The path where figures of `controller` are: in its own hierarchy of version 1 where it has one, otherwise in
    /// version 2's.
    public func path(of controller: String) -> String? {
        controllers[controller] ?? unified
    }

    /// The part of `path` that is one VM's: libvirt puts a VM's threads into cgroups below (`libvirt/emulator`,
    /// `libvirt/vcpu0`), and what they use together is counted at its scope or its `.libvirt-qemu` folder. A path
    /// without either is its own.
    public static func machinePath(in path: String) -> String {
        var end = path.startIndex
        while end < path.endIndex {
            let next = path[path.index(after: end)...].firstIndex(of: "/") ?? path.endIndex
            let part = path[..<next]
            if part.hasSuffix(".scope") || part.hasSuffix(".libvirt-qemu") { return String(part) }
            end = next
        }
        return path
    }
}
