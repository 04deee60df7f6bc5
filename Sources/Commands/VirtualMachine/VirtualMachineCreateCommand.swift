import ArgumentParser
import ConfigurationFile
import FleetModel
import FleetServer

/// `evenkeel vm create`: a new VM from a file.
struct VirtualMachineCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Makes a VM from a YAML file.",
        discussion: """
            What is wrong in the file is refused with its line. A file with a uuid may be given again: a VM that is \
            stopped then gets the new definition.
            Examples:
              evenkeel vm create --example > web-1.yaml
              evenkeel vm create web-1.yaml --host kvm1 --start
            """)

    @Argument(help: "The VM's file.")
    var file: String?

    @Option(help: "The host that it is to be on, in place of the file's.")
    var host: String?

    @Flag(help: "Start it, too.")
    var start = false

    @Flag(help: "Print a file with every key and its default, and do nothing.")
    var example = false

    @OptionGroup var options: StepOptions

    func run() async throws {
        if example {
            print(VirtualMachineFile.example, terminator: "")
            return
        }
        guard let file else {
            throw CommandFailure(.wrongUse, "name a file; 'evenkeel vm create --example' prints one to begin with")
        }
        let machine: VirtualMachineFile
        do throws(ConfigurationError) {
            machine = try VirtualMachineFile.load(file)
        } catch {
            throw CommandFailure(.wrongUse, "\(error)")
        }
        let order = CreationOrder(
            definition: machine.definition, host: host ?? machine.host?.text, start: start ? true : nil)
        let client = try options.server.client()
        try await options.follow(try await client.post("/fleet/v1/vms", order), client)
    }
}
