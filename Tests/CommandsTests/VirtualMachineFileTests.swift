import ConfigurationFile
import FleetModel
import Testing

@testable import Commands

@Suite("The file of a VM")
struct VirtualMachineFileTests {
    private func read(_ yaml: String) throws -> VirtualMachineFile {
        let id = try #require(VirtualMachineID("00000000-0000-4000-8000-000000000001"))
        return try VirtualMachineFile(yaml: yaml, file: "web.yaml", newID: id)
    }

    private func problem(of yaml: String) -> String {
        do {
            let file = try read(yaml)
            Issue.record("taken: \(file)")
            return ""
        } catch {
            return "\(error)"
        }
    }

    private static let least = "name: web-1\nvcpus: 2\nmemory: 2GiB\n"

    @Test func exampleCanBeReadAndHasEveryKey() throws {
        let file = try read(VirtualMachineFile.example)
        #expect(file.host?.text == "kvm1" && file.definition.name.text == "web-1")
        #expect(file.definition.maximumProcessors == 4 && file.definition.maximumMemory == .gibibytes(4))
        #expect(file.definition.disks.count == 1 && file.definition.networkInterfaces.count == 1)
        let bare = VirtualMachineFile.example.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let isKey = line.contains("# ") && line.drop { $0 == " " || $0 == "#" }.prefix { $0 != " " }.last == ":"
            return isKey && line.drop { $0 == " " }.hasPrefix("#") ? String(line.filterFirst("# ")) : String(line)
        }
        let whole = try read(bare.joined(separator: "\n"))
        #expect(
            whole.definition.firmware == "/srv/vms/OVMF.fd" && whole.definition.kernel?.commandLine == "console=ttyS0")
        #expect(whole.definition.pinning == [[0, 1, 2, 3]] && whole.definition.shares == 100)
        #expect(whole.definition.networkInterfaces.first?.hardwareAddress == "52:54:00:12:34:56")
    }

    @Test func defaultsAreThoseOfTheExample() throws {
        let definition = try read(Self.least + "disks: [{path: /srv/a.raw}]\nnetworks: [{user: on}, {bridge: br0}]\n")
            .definition
        #expect(definition.id.text == "00000000-0000-4000-8000-000000000001")
        #expect(definition.balloon && !definition.guestAgent && definition.restart == .never)
        #expect(definition.processorModel == "qemu64" && definition.machine == "pc" && definition.priority == 100)
        #expect(definition.disks == [.init(path: "/srv/a.raw", format: .raw, bus: .virtio, cache: .none)])
        let cards = definition.networkInterfaces
        #expect(cards.map(\.connection) == [.user, .bridge("br0")])
        #expect(cards[0].hardwareAddress.hasPrefix("52:54:00:") && cards[0].hardwareAddress != cards[1].hardwareAddress)
    }

    @Test(arguments: [
        ("vcpus: 2\nmemory: 1GiB\n", "web.yaml:1:1: name: a VM needs one"),
        ("name: ../etc\nvcpus: 1\nmemory: 1GiB\n", "web.yaml:1:7: name: '../etc' is not a name"),
        ("name: \"a\\eb\"\nvcpus: 1\nmemory: 1GiB\n", "web.yaml:1:7: name: 'a?b' is not a name"),
        ("name: a\nvcpus: two\nmemory: 1GiB\n", "web.yaml:2:8: vcpus: 'two' is not a whole number"),
        ("name: a\nvcpus: 1\nmemory: 1 giga\n", "web.yaml:3:9: memory: '1 giga' is not a size"),
        ("name: a\nvcpus: 1\nmemory: [1GiB]\n", "web.yaml:3:9: memory: expected one value"),
        ("name: a\nname: b\n", "given twice: name"),
    ])
    func wrongBasics(_ yaml: String, _ expected: String) { #expect(problem(of: yaml).contains(expected)) }

    @Test(arguments: [
        ("memroy: 1GiB\n", "web.yaml:4:1: there is no key 'memroy', did you mean 'memory'?"),
        ("max_vcpus: 1\n", "web.yaml:4:12: max_vcpus: 1 is not from 2"),
        ("max_memory: 1GiB\n", "web.yaml:4:13: max_memory: 1 GiB is not from 2 GiB"),
        ("restart: allways\n", "web.yaml:4:10: restart: 'allways' is none of never, on-failure"),
        ("accelerator: kvn\n", "did you mean kvm?"),
        ("balloon: maybe\n", "web.yaml:4:10: balloon: 'maybe' is neither on nor off"),
        ("firmware: OVMF.fd\n", "web.yaml:4:11: firmware: 'OVMF.fd' is not an absolute path"),
        ("kernel: /boot/vmlinuz\n", "web.yaml:4:9: kernel: expected keys and values"),
        ("kernel:\n  initrd: /i\n", "kernel.image: say which kernel"),
        ("kernel:\n  image: /k\n  comdline: x\n", "web.yaml:6:3: there is no key 'kernel.comdline', did you mean"),
        ("disks:\n  - path: a.raw\n", "web.yaml:5:11: disks[0].path: 'a.raw' is not an absolute path"),
        ("disks:\n  - path: /a/../b.raw\n", "goes up"),
        ("disks:\n  - path: /a.img\n", "disks[0].format: say raw or qcow2"),
        ("disks:\n  - path: /a.raw\n    chache: none\n", "web.yaml:6:5: there is no key 'disks[0].chache'"),
        ("disks: /a.raw\n", "web.yaml:4:8: disks: expected a list"),
        ("networks:\n  - model: virtio\n", "networks[0].bridge: say which bridge"),
        ("networks:\n  - bridge: br0\n    user: on\n", "networks[0].user: it is on a bridge already"),
        ("networks:\n  - bridge: br0,x\n", "networks: [0].bridge: 'br0,x' is not the name of a bridge"),
        ("networks:\n  - user: on\n    mac: 53:54:00:00:00:01\n", "networks[0].mac"),
        ("pinning: [0-]\n", "web.yaml:4:10: pinning:"), ("pinning: ['0', '1', '2']\n", "pinning: 3 entries"),
        ("shares: 0\n", "web.yaml:4:9: shares: '0' is not"), ("labels: {a b: c}\n", "labels: 'a b' is not a name"),
        ("cpu: 'host vmx'\n", "cpu: 'host vmx' is not a CPU model"), ("machine: [pc]\n", "machine: expected one"),
        ("uuid: 1234\n", "web.yaml:4:7: uuid: '1234' is not a UUID"), ("x: [\n", "not YAML"),
    ])
    func wrongRest(_ yaml: String, _ expected: String) {
        #expect(problem(of: Self.least + yaml).contains(expected), "\(problem(of: Self.least + yaml))")
    }
}

extension Substring {
    /// Without the first occurrence of `text`.
    fileprivate func filterFirst(_ text: String) -> String {
        guard let range = firstRange(of: text) else { return String(self) }
        return String(self[..<range.lowerBound] + self[range.upperBound...])
    }
}
