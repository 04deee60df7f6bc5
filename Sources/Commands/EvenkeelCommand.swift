import ArgumentParser
import Foundation

/// `evenkeel`: the root of the command line. A folder a noun, a file a verb.
public struct EvenkeelCommand: AsyncParsableCommand {
    /// Name, purpose and children.
    public static let configuration = CommandConfiguration(
        commandName: "evenkeel",
        abstract: "Keeps a fleet of KVM hosts on an even keel.",
        discussion: """
            Agents sample what each hypervisor really does; the server raises PRO tips where a host is in trouble and, \
            with an operator's approval or by policy, live-migrates VMs until it is not.

            Try it on this machine:   evenkeel demo --auto --once

            Exit codes: 0 done, 1 the answer is no, 2 wrong use, 3 cannot reach the server, 4 the environment lacks \
            something.
            """,
        version: Version.text,
        subcommands: [
            DemoCommand.self, ServerCommand.self, AgentDaemonCommand.self, StatusCommand.self, TopCommand.self,
            HostCommand.self,
            VirtualMachineCommand.self, TipCommand.self, SilenceCommand.self, OperationCommand.self, PackCommand.self,
            QueryCommand.self,
            CounterCommand.self,
            StoreCommand.self,
            ClusterCommand.self, ConstraintCommand.self, PolicyCommand.self, StopCommand.self, ReserveCommand.self,
            PlaceCommand.self, PlanCommand.self,
            AuditCommand.self,
            TokenCommand.self,
            SimulateCommand.self,
            BenchCommand.self,
            JanitorCommand.self, PlugInGuardCommand.self,
        ])

    /// The root does nothing by itself.
    public init() {}

    /// Runs the command line of this process and ends it with the exit code of the contract.
    public static func run() async -> Never {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            Foundation.exit(0)
        } catch let failure as CommandFailure {
            StandardError.write("evenkeel: \(PlainText.harmless(failure.message))\n")
            Foundation.exit(failure.code.rawValue)
        } catch {
            end(with: error)
        }
    }

    /// Wrong use ends with 2, where the argument parser by itself would say 64; help and version end with 0.
    private static func end(with error: any Error) -> Never {
        let code = exitCode(for: error)
        let text = fullMessage(for: error)
        if code.isSuccess {
            print(text)
            Foundation.exit(0)
        }
        StandardError.write(text + "\n")
        Foundation.exit(code == .validationFailure ? CommandFailure.Code.wrongUse.rawValue : 1)
    }
}
