import ArgumentParser
import Counters

/// `evenkeel counter ls`: every counter with both its names.
struct CounterListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "Lists native counters and the Hyper-V counters that are made from them.",
        discussion: """
            Examples:
              evenkeel counter ls 'run time'
              evenkeel counter ls --json | jq '.hyperV[].path'
            """)

    @Argument(help: "Only counters with this in one of their names; * stands for any characters.")
    var pattern: String?

    @Flag(help: .hidden)
    var markdown = false

    @OptionGroup var output: OutputOptions

    func run() throws {
        if markdown {
            print(CounterReference.page, terminator: "")
            return
        }
        let listing = CounterListing(matching: pattern)
        try output.show(listing, table: \.text)
        if listing.isEmpty { throw CommandFailure(.no, "no counter's name has '\(pattern ?? "")' in it") }
    }
}

/// What there is to list.
struct CounterListing: Encodable {
    /// A counter as agents report it.
    struct Native: Encodable {
        let name: String
        let type: String
        let unit: String
        let labels: [String]
        let hyperV: [String]
        let help: String
        let source: String
    }

    /// A counter as Hyper-V has it.
    struct HyperV: Encodable {
        let path: String
        let unit: String
        let formula: String
        let counters: [String]
        let help: String
    }

    let counters: [Native]
    let hyperV: [HyperV]

    init(matching pattern: String?) {
        let wanted = NamePattern("*\(pattern ?? "")*")
        counters = Counter.allCases.map(Native.init).filter { counter in
            ([counter.name] + counter.hyperV).contains(where: wanted.matches)
        }
        hyperV = HyperVCatalogue.counters.map(HyperV.init).filter { counter in
            ([counter.path] + counter.counters).contains(where: wanted.matches)
        }
    }

    var isEmpty: Bool { counters.isEmpty && hyperV.isEmpty }

    var text: String {
        var native = TextTable("COUNTER", "TYPE", "UNIT", "LABELS", "HYPER-V", "SOURCE", "HELP")
        for counter in counters {
            native.add(
                counter.name, counter.type, counter.unit, counter.labels.joined(separator: ","),
                counter.hyperV.first.map { $0 + (counter.hyperV.count > 1 ? " +\(counter.hyperV.count - 1)" : "") }
                    ?? "-", counter.source, counter.help)
        }
        var windows = TextTable("HYPER-V COUNTER", "UNIT", "FROM", "HELP")
        for counter in hyperV {
            windows.add(counter.path, counter.unit, counter.counters.joined(separator: ","), counter.help)
        }
        let tables = (counters.isEmpty ? [] : [native.text]) + (hyperV.isEmpty ? [] : [windows.text])
        return tables.joined(separator: "\n\n")
    }
}

extension CounterListing.Native {
    /// The Hyper-V path that says the same comes first, then the others that are made from the counter.
    init(_ counter: Counter) {
        let entry = counter.entry
        self.init(
            name: entry.name, type: entry.kind.rawValue, unit: entry.unit, labels: entry.labels,
            hyperV: counter.hyperVPaths, help: entry.help, source: entry.source)
    }
}

extension CounterListing.HyperV {
    init(_ counter: HyperVCounter) {
        self.init(
            path: counter.path, unit: counter.unit, formula: "\(counter.formula)",
            counters: counter.natives.map(\.rawValue), help: counter.help)
    }
}
