import ArgumentParser
import FleetModel
import FleetServer

/// `evenkeel silence`: keeps notifications quiet for a while.
struct SilenceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "silence", abstract: "Keeps notifications of certain tips quiet for a while.",
        discussion: "The tips themselves are raised and dealt with all the same.",
        subcommands: [SilenceListCommand.self, SilenceAddCommand.self, SilenceRemoveCommand.self])

    static func table(_ silences: [Silence], now: Timestamp) -> String {
        if silences.isEmpty { return "No silences." }
        var table = TextTable(">N", "STATE", "WHICH", "UNTIL", "BY", "REASON")
        for silence in silences {
            table.add(
                "\(silence.number)", silence.until > now ? "holds" : "ended", silence.matchers.joined(separator: " "),
                "\(Phrases.day(silence.until)) \(Phrases.timeOfDay(silence.until))", silence.actor, silence.reason)
        }
        return table.text
    }
}

/// `evenkeel silence ls`.
struct SilenceListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "Lists silences that hold.", discussion: "Example: evenkeel silence ls --all")

    @Flag(help: "Also those that have ended.")
    var all = false

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let silences: [Silence] = try await server.client().get("/fleet/v1/silences" + (all ? "?all=true" : ""))
        try output.show(silences) { SilenceCommand.table($0, now: WallClock().now) }
    }
}

/// `evenkeel silence add`.
struct SilenceAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Keeps notifications of the tips that match quiet for a while.",
        discussion: """
            A tip matches when all conditions hold of its labels: alertname, pack, cluster, level, tip, and host, vm or \
            datastore by what it is about. =, !=, =~ and !~ compare; regular expressions match whole values.
            Example: evenkeel silence add cluster=lab 'host=~"kvm[0-9]+"' --for 2h --reason 'memory is being replaced'
            """)

    @Argument(help: "Conditions, such as cluster=lab or 'host=~kvm.*'.")
    var matchers: [String]

    @Option(name: .customLong("for"), help: "For how long, such as 30m, 2h or 1d12h.")
    var span: String

    @Option(help: "Why; it is kept, and goes into the audit log.")
    var reason: String

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if matchers.isEmpty { throw ValidationError("at least one condition is needed") }
        if reason.allSatisfy(\.isWhitespace) { throw ValidationError("--reason must say something") }
        if SpanText.seconds(span) == nil { throw ValidationError("--for: '\(span)' is not a span such as 30m or 2h") }
    }

    func run() async throws {
        let order = SilenceOrder(matchers: matchers, seconds: SpanText.seconds(span) ?? 0, reason: reason)
        let silence: Silence = try await server.client().post("/fleet/v1/silences", order)
        try output.show(silence) { silence in
            "Silence \(silence.number) holds until \(Phrases.day(silence.until)) \(Phrases.timeOfDay(silence.until))."
        }
    }
}

/// `evenkeel silence rm`.
struct SilenceRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Ends a silence now.", discussion: "Example: evenkeel silence rm 3")

    @Argument(help: "The silence's number.")
    var number: Int64

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let silence: Silence = try await server.client().delete("/fleet/v1/silences/\(number)")
        try output.show(silence) { "Silence \($0.number) has ended." }
    }
}

/// Spans as people write them: `90s`, `1h30m`, `2d`.
enum SpanText {
    static func seconds(_ text: String) -> Double? {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
        var (total, digits) = (0.0, "")
        for character in text {
            if let unit = units[character], let number = Double(digits) {
                total += number * unit
                digits = ""
            } else if character.isASCII, character.isNumber, digits.count < 9 {
                digits.append(character)
            } else {
                return nil
            }
        }
        return digits.isEmpty && total > 0 ? total : nil
    }
}
