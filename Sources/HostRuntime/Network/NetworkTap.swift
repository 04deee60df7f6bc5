import CLinux
import FleetModel
import FoundationEssentials
import Glibc

/// The host's end of a VM's network interface: a tap (Documentation/networking/tuntap.rst) that is a port of a bridge.
/// It is made here and its descriptor passed on, since QEMU may start no program that would; one that was made for a VM
/// is gone with the VM's process.
struct NetworkTap: Sendable {
    /// The kernel's name of it.
    let name: String
    let descriptor: FileDescriptor
    /// The kernel's own work for virtio's queues, where it is to be had: without it packets take the way through QEMU.
    let vhost: FileDescriptor?

    /// A port of `bridge` for one interface. An agent without the right to make interfaces takes one of those that the
    /// host's own configuration has made for its user as ports of the bridge.
    init(
        on bridge: String, for interface: VirtualMachineDefinition.NetworkInterface, _ surroundings: HostSurroundings
    ) throws(HostRuntimeError) {
        let isVirtio = interface.model == .virtio
        if let made = try Self.make(on: bridge, isVirtio, interface.hardwareAddress, surroundings) {
            (name, descriptor) = made
        } else if let taken = Self.take(from: bridge, isVirtio, surroundings) {
            (name, descriptor) = taken
        } else {
            throw .definition(
                field: "networkInterfaces",
                problem:
                    "the agent may not make network interfaces and none is free that was made for it on \(bridge): "
                    + "give it CAP_NET_ADMIN, or make some (ip tuntap add dev tap1 mode tap user USER; "
                    + "ip link set tap1 master \(bridge) up)")
        }
        vhost = isVirtio ? Self.open(surroundings.vhostDevice) : nil
    }

    /// Whether the kernel has a bridge of this name.
    static func isBridge(_ name: String, _ surroundings: HostSurroundings) -> Bool {
        guard TapTraffic.isInterface(name) else { return false }
        return unsafe access("\(surroundings.networkInterfaces)/\(name)/bridge", F_OK) == 0
    }

    /// `nil` where we have no right to.
    private static func make(
        on bridge: String, _ isVirtio: Bool, _ hardwareAddress: String, _ surroundings: HostSurroundings
    ) throws(HostRuntimeError) -> (String, FileDescriptor)? {
        guard let (name, descriptor) = open("ekvm%d", isVirtio, surroundings) else {
            if errno == EPERM || errno == EACCES { return nil }
            throw .system(doing: "cannot make", on: "a tap with \(surroundings.tunDevice)", reason: lastSystemError())
        }
        // The highest there is, as a bridge takes the lowest of its ports' for its own.
        let address = [0xfe] + (HardwareAddress.bytes(of: hardwareAddress) ?? [0, 0, 0, 0, 0, 0]).dropFirst()
        let mtu = unsafe linux_interface_mtu(bridge)
        var results = unsafe [linux_interface_set_hardware_address(name, address)]
        if mtu > 0 { unsafe results.append(linux_interface_set_mtu(name, mtu)) }
        unsafe results.append(linux_bridge_add(bridge, name))
        unsafe results.append(linux_interface_up(name))
        let isMade = results.allSatisfy { $0 >= 0 }
        guard isMade else {
            throw .system(doing: "cannot make a port of the bridge", on: bridge, reason: lastSystemError())
        }
        return (name, descriptor)
    }

    /// A port of the bridge that is a tap of our user's and in nobody's use.
    private static func take(
        from bridge: String, _ isVirtio: Bool, _ surroundings: HostSurroundings
    ) -> (String, FileDescriptor)? {
        let folder = surroundings.networkInterfaces
        let ports = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(bridge)/brif")) ?? []
        for port in ports.sorted() where TapTraffic.isInterface(port) {
            guard let owner = SmallFile.read("\(folder)/\(port)/owner") else { continue }
            let text = String(decoding: owner.prefix { $0 != 0x0a }, as: UTF8.self)
            guard text == "\(surroundings.user)" else { continue }
            if let taken = open(port, isVirtio, surroundings) { return taken }
        }
        return nil
    }

    private static func open(
        _ name: String, _ isVirtio: Bool, _ surroundings: HostSurroundings
    ) -> (String, FileDescriptor)? {
        var buffer = name.utf8.map { CChar(bitPattern: $0) } + [CChar](repeating: 0, count: 16 - name.utf8.count)
        let number = unsafe linux_tap_open(surroundings.tunDevice, &buffer, isVirtio ? 1 : 0)
        guard number >= 0 else { return nil }
        let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return (String(decoding: bytes, as: UTF8.self), FileDescriptor(number))
    }

    private static func open(_ device: String) -> FileDescriptor? {
        let number = unsafe Glibc.open(device, O_RDWR | O_CLOEXEC)
        return number >= 0 ? FileDescriptor(number) : nil
    }
}

/// Hardware addresses of network interfaces, as people write them: `52:54:00:12:34:56`.
enum HardwareAddress {
    /// The six bytes; `nil` where it is no address.
    static func bytes(of text: String) -> [UInt8]? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let bytes = parts.compactMap { part in part.utf8.count == 2 ? UInt8(part, radix: 16) : nil }
        return parts.count == 6 && bytes.count == 6 ? bytes : nil
    }

    /// What speaks against it as the address of one interface; `nil` when nothing does.
    static func objection(to text: String) -> String? {
        guard let bytes = bytes(of: text) else { return "'\(text)' is not six bytes such as 52:54:00:12:34:56" }
        if bytes[0] & 1 == 1 { return "'\(text)' is an address of many: its first byte must be even" }
        return bytes.allSatisfy { $0 == 0 } ? "'\(text)' is no address" : nil
    }
}
