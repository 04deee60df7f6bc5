import ArgumentParser

/// What a demonstration may be told.
struct DemoOptions: ParsableArguments {
    /// The stories that can be told.
    enum Scenario: String, ExpressibleByArgument, CaseIterable {
        /// VMs of one host raise their load until its logical processors are full.
        case hotHost = "hot-host"
        /// VMs of one host fill their memory until hardly any is left.
        case lowMemory = "low-memory"
    }

    @Option(help: "How many hosts, 2 to 4; each owns logical processors of this machine, shared where there are few.")
    var hosts = 2

    @Option(name: .customLong("vms"), help: "How many VMs in all, at least one more than hosts. Default: two more.")
    var givenVMs: Int?

    /// How many VMs: the first host gets all but one for each other host.
    var vms: Int { givenVMs ?? hosts + 2 }

    @Option(help: "The story: \(Scenario.allCases.map(\.rawValue).joined(separator: " or ")).")
    var scenario: Scenario = .hotHost

    @Flag(help: "Let policy approve the tip; without it the demo waits for 'evenkeel tip approve N'.")
    var auto = false

    @Flag(help: "Tell the story once to its end, print a report, clean up and say by the exit code how it went.")
    var once = false

    @Flag(help: "Print the report as JSON, with --once.")
    var json = false

    @Option(help: "The server's port on 127.0.0.1.")
    var port = 7411

    func validate() throws {
        if !(2...4).contains(hosts) { throw ValidationError("--hosts must be 2 to 4, not \(hosts)") }
        if !(hosts + 1...64).contains(vms) {
            throw ValidationError("--vms must be \(hosts + 1) to 64 for \(hosts) hosts, not \(vms): two on the first")
        }
        if !(1...65_535).contains(port) { throw ValidationError("--port must be 1 to 65535, not \(port)") }
        if json && !once { throw ValidationError("--json prints the report, which only --once comes to") }
    }
}
