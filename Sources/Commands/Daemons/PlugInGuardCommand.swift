import ArgumentParser
import PlugIns

/// `evenkeel guard-plug-in`: what the server starts a pack's program with; see `ProgramGuard`.
struct PlugInGuardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: ProgramGuard.command, shouldDisplay: false)

    @Argument var path: String

    func run() { ProgramGuard.run(path) }
}
