import ArgumentParser
import FleetModel
import FleetServer

/// `evenkeel vm ls`: a line for each VM and each host that knows it.
struct VirtualMachineListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "Lists the VMs and where they run.",
        discussion: "Example: evenkeel vm ls --json | jq '.[] | select(.host == \"kvm3\")'")

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let machines: [VirtualMachineView] = try await server.client().get("/fleet/v1/vms")
        try output.show(machines, table: Self.table)
    }

    static func table(_ machines: [VirtualMachineView]) -> String {
        var table = TextTable(
            "NAME", "HOST", "STATE", ">VPS", ">LPS USED", ">MEMORY", ">RESIDENT", "ACCEL", "MANAGER", "ID", "PROBLEM")
        for machine in machines {
            let isHere = machine.state.ownsGuest && machine.state != .saved
            let use = (isHere ? machine.processorUse : 0).map { "\(($0 * 100).rounded() / 100)" } ?? Phrases.unknown
            table.add(
                machine.name, machine.host, machine.state.rawValue, "\(machine.virtualProcessors)", use,
                Phrases.size(machine.memory), Phrases.size(isHere ? machine.residentMemory : .zero),
                machine.accelerator?.rawValue ?? "-", machine.manager ?? "evenkeel", machine.id, machine.problem ?? "")
        }
        return table.text
    }
}
