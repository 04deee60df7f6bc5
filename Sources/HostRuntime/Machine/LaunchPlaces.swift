import FleetModel

/// The descriptors that a QEMU is started with besides its three usual ones, and which of them is what.
struct LaunchPlaces: Sendable {
    /// How a process begins.
    enum Beginning: Hashable, Sendable {
        /// The guest starts from nothing.
        case anew
        /// It waits for a guest that comes from another host.
        case incoming
        /// It waits for a guest whose memory lies in a file, and lets it run when it is told to.
        case saved
    }
    /// The descriptors of one network interface with a tap.
    struct Interface: Hashable, Sendable {
        var tap: Int
        var vhost: Int?
    }

    /// The first two are the listening sockets of monitor and console: made before QEMU starts, so that a client may
    /// connect at once and is served as soon as QEMU is there.
    static let monitor = 3
    static let console = 4

    var beginning = Beginning.anew
    /// The guest agent's listening socket.
    var agent: Int?
    /// One for each network interface; `nil` for those that need none.
    var interfaces: [Interface?] = []
}

/// Sockets and taps on their way into a process.
struct LaunchDescriptors: Sendable {
    private(set) var all: [FileDescriptor] = []
    private(set) var places: LaunchPlaces
    /// The names of the taps, interface by interface; empty for an interface without.
    private(set) var taps: [String] = []

    /// Makes what `definition` needs.
    init(
        for definition: VirtualMachineDefinition, _ beginning: LaunchPlaces.Beginning, in folder: MachineFolder,
        _ surroundings: HostSurroundings
    ) throws(HostRuntimeError) {
        places = LaunchPlaces(beginning: beginning)
        _ = add(try UnixSocket.listening(at: folder.monitor))
        _ = add(try UnixSocket.listening(at: folder.console))
        if definition.guestAgent { places.agent = add(try UnixSocket.listening(at: folder.agent)) }
        for interface in definition.networkInterfaces {
            guard case .bridge(let bridge) = interface.connection else {
                places.interfaces.append(nil)
                taps.append("")
                continue
            }
            let tap = try NetworkTap(on: bridge, for: interface, surroundings)
            places.interfaces.append(.init(tap: add(tap.descriptor), vhost: tap.vhost.map { add($0) }))
            taps.append(tap.name)
        }
    }

    private mutating func add(_ descriptor: FileDescriptor) -> Int {
        all.append(descriptor)
        return LaunchPlaces.monitor + all.count - 1
    }
}
