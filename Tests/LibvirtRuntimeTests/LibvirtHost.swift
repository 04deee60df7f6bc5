import FleetModel
import Foundation
import Testing

@testable import LibvirtRuntime

/// A value that a test did not expect.
struct Unexpected: Error, CustomStringConvertible {
    let description: String
    init(_ text: String) { description = text }
}

/// A host of libvirt on this machine: a daemon in a network, mount and name space of its own, whose sockets can be
/// reached from outside. It ends, with all that runs in it and the tests' folder, when its keeper's input closes, also by our death.
final class LibvirtHost: Sendable {
    let name: String
    let folder: String
    private let number: Int
    private let keeper: Keeper

    /// Makes the spaces and starts the daemon.
    init(_ name: String, number: Int, under root: String) throws {
        self.name = name
        self.number = number
        folder = "\(root)/\(name)"
        keeper = try Keeper(script: keeperScript, arguments: [folder, name, "\(number)"])
        try start()
    }

    /// The daemon's address.
    var uri: String { "qemu+unix:///system?socket=\(folder)/run/libvirt/libvirt-sock" }

    var configuration: LibvirtConfiguration {
        LibvirtConfiguration(
            uri: uri, processFolder: "\(folder)/run/libvirt/qemu", callLimit: .seconds(20), listInterval: .seconds(3600)
        )
    }

    /// The same with control, for domains that travel as they are: nobody else is on the hosts' network.
    var control: LibvirtConfiguration {
        var control = configuration
        (control.control, control.migrationAddress, control.allowsPlainMigration) = (true, migrationURI, true)
        control.shutdownSeconds = 1
        return control
    }

    /// The daemon's address for other hosts.
    var migrationURI: String { "qemu+tcp://10.9.0.\(number)/system" }

    func start() throws { try keeper.tell("start") }
    func stop() throws { try keeper.tell("stop") }
    /// Ends the daemon as a crash would.
    func crash() throws { try keeper.tell("crash") }
    /// Has the daemon answer nobody until it goes on.
    func freeze() throws { try keeper.tell("freeze") }
    func goOn() throws { try keeper.tell("go-on") }
    /// A cable between this host and another.
    func connect(to other: LibvirtHost) throws {
        try keeper.tell("cable \(other.keeper.process.processIdentifier)")
        try other.keeper.tell("address")
    }
    /// Pulls the plug of the cable, or puts it back.
    func unplug() throws { try keeper.tell("unplug") }
    func plugIn() throws { try keeper.tell("plug-in") }
    func close() { keeper.close() }

    /// What `virsh` says; throws with its words where it fails.
    @discardableResult
    func virsh(_ arguments: String...) throws -> String {
        try run("virsh", ["-q", "-c", uri] + arguments)
    }

    /// Starts a domain that vanishes when it ends.
    func create(_ domain: TestDomain) throws { try virsh("create", try domain.file(in: folder)) }
}

/// Runs a program and gives its output; throws with its words where it fails.
func run(_ program: String, _ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let complaint = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        throw Unexpected("\(program) \(arguments.joined(separator: " ")): \(complaint)")
    }
    return text
}

/// The shell in a host's spaces.
// SAFETY: a host's test tells it one thing after the other.
private final class Keeper: @unchecked Sendable {
    let process = Process()
    private let input = Pipe()
    private let output = Pipe()

    init(script: String, arguments: [String]) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["unshare", "-m", "-u", "-n", "sh", "-c", script, "keeper"] + arguments
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try hear("make namespaces for a host of libvirt; the tests need root (CAP_SYS_ADMIN) and unshare(1)")
    }

    func tell(_ command: String) throws {
        input.fileHandleForWriting.write(Data((command + "\n").utf8))
        try hear("\(command) a daemon of libvirt; the tests need the packages that .ci/setup test installs")
    }

    /// Reads up to the word that all went well.
    private func hear(_ doing: String) throws {
        var heard = Data()
        while !heard.ends(with: Data("done\n".utf8)) {
            let part = output.fileHandleForReading.availableData
            if part.isEmpty { throw Unexpected("cannot \(doing): \(String(decoding: heard, as: UTF8.self))") }
            heard += part
        }
    }

    func close() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}

extension Data {
    fileprivate func ends(with end: Data) -> Bool { suffix(end.count) == end }
}

/// Runs in a host's own spaces, and does what its input says. Nothing that it changes is seen outside of them.
private let keeperScript = #"""
    set -eu
    folder=$1 name=$2 number=$3
    hostname "$name"
    mount --make-rprivate /
    umount -R /sys/fs/cgroup 2>/dev/null || true
    mkdir -p "$folder/etc" "$folder/run/libvirt" "$folder/var/lib/libvirt/qemu" "$folder/var/log/libvirt" \
        "$folder/var/cache/libvirt/qemu/capabilities"
    ln -s /run "$folder/var/run"
    cp "$folder"/../capabilities/* "$folder/var/cache/libvirt/qemu/capabilities" 2>/dev/null || true
    cat >"$folder/etc/libvirtd.conf" <<TEXT
    listen_tls=0
    listen_tcp=1
    auth_tcp="none"
    auth_unix_ro="none"
    auth_unix_rw="none"
    keepalive_interval=1
    keepalive_count=3
    unix_sock_dir="/run/libvirt"
    host_uuid="0000000$number-0000-4000-8000-00000000000$number"
    TEXT
    cat >"$folder/etc/qemu.conf" <<TEXT
    stdio_handler="file"
    user="root"
    group="root"
    security_driver="none"
    dynamic_ownership=0
    remember_owner=0
    namespaces=[]
    cgroup_controllers=[]
    keepalive_interval=1
    keepalive_count=3
    TEXT
    printf '127.0.0.1 localhost\n10.9.0.1 ek-one\n10.9.0.2 ek-two\n' >"$folder/hosts"
    # The daemon wants this user, even where the configuration names another.
    { cat /etc/passwd; echo "libvirt-qemu:x:64055:64055::/nonexistent:/bin/false"; } >"$folder/passwd"
    { cat /etc/group; echo "libvirt-qemu:x:64055:"; } >"$folder/group"
    for file in hosts passwd group; do mount --bind "$folder/$file" "/etc/$file"; done
    mount --bind "$folder/etc" /etc/libvirt
    mount --bind "$folder/run" /run
    mount --bind "$folder/var" /var
    ip link set lo up

    own=$(readlink /proc/$$/ns/mnt)
    end() {
        trap - EXIT
        again=yes
        while [ "$again" ]; do
            again=
            for process in /proc/[0-9]*; do
                [ "$process" = "/proc/$$" ] && continue
                if [ "$(readlink "$process/ns/mnt" 2>/dev/null)" = "$own" ]; then
                    kill -9 "${process#/proc/}" 2>/dev/null && again=yes
                fi
            done
        done
        rm -rf "${folder%/*}"
        exit
    }
    trap end EXIT TERM INT
    echo done

    daemon=
    while read -r command argument; do
        case $command in
        start)
            libvirtd --listen >>"$folder/log" 2>&1 &
            daemon=$!
            until [ -S /run/libvirt/libvirt-sock-ro ]; do
                kill -0 "$daemon" 2>/dev/null || { cat "$folder/log"; exit 1; }
                sleep 0.02
            done
            ;;
        stop)
            kill "$daemon"
            wait "$daemon" || true
            ;;
        crash)
            kill -KILL "$daemon"
            wait "$daemon" || true
            rm -f /run/libvirt/libvirt-sock*
            ;;
        freeze) kill -STOP "$daemon" ;;
        go-on) kill -CONT "$daemon" ;;
        cable)
            ip link add ek0 type veth peer name ek0 netns "$argument"
            ip addr add "10.9.0.$number/24" dev ek0
            ip link set ek0 up
            ;;
        unplug) ip link set ek0 down ;;
        plug-in) ip link set ek0 up ;;
        address)
            ip addr add "10.9.0.$number/24" dev ek0
            ip link set ek0 up
            ;;
        esac
        echo done
    done
    """#
