import ArgumentParser
import FleetModel
import FleetServer
import Foundation
import TimeSeriesStore

/// `evenkeel store delete`: series go for good.
struct StoreDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Deletes series by selector, for good.",
        discussion: """
            Says how many series are meant and asks. Samples that arrive later for the same labels begin a new series.
            Examples:
              evenkeel store delete '{host="kvm9"}'
              evenkeel store delete 'vm_cpu_seconds_total{name="old"}' 'vm_memory_bytes{name="old"}' --yes
            """)

    @Argument(help: "Selectors; a series that satisfies one of them is meant.")
    var selectors: [String]

    @Flag(help: "Do not ask.")
    var yes = false

    @Flag(help: "All series there are may be meant.")
    var everything = false

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let client = try server.client()
        let order = DeletionOrder(selectors: selectors, everything: everything)
        let count: SeriesCountView = try await client.post("/fleet/v1/store/count", order)
        if count.matching == 0 { throw CommandFailure(.no, "no series satisfies \(selectors.joined(separator: ", "))") }
        if !yes, !confirm(count) { throw CommandFailure(.no, "nothing is deleted") }
        let begun: StoreJobView = try await client.post("/fleet/v1/store/delete", order)
        let job = try await StoreJobWatch(client: client).end(of: begun)
        try output.show(job) { job in
            let deletion = job.deletion
            return
                "\(deletion?.series ?? 0) series with \(deletion?.samples ?? 0) samples are deleted, in \(job.duration)"
        }
    }

    private func confirm(_ count: SeriesCountView) -> Bool {
        StandardError.write("Delete \(count.matching) of \(count.all) series for good? [y/N] ")
        return ["y", "yes"].contains(readLine(strippingNewline: true)?.lowercased() ?? "")
    }
}
