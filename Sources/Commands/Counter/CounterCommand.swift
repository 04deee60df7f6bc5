import ArgumentParser

/// `evenkeel counter`: what this machine can say of itself, by native names and by Hyper-V's.
struct CounterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "counter", abstract: "Counters of this machine, also by Hyper-V's paths; needs no server.",
        subcommands: [CounterListCommand.self, CounterGetCommand.self])
}
