import FleetModel
import Foundation
import Testing

@testable import Counters

@Suite("The catalogue of Hyper-V counters")
struct HyperVCatalogueTests {
    @Test(arguments: HyperVCatalogue.counters)
    func `every path means its own entry`(_ counter: HyperVCounter) throws {
        #expect(try HyperVCatalogue.counters(for: CounterPath(parsing: counter.path)) == [counter])
        #expect(try HyperVCatalogue.counters(for: CounterPath(parsing: counter.path.uppercased())) == [counter])
        #expect(!counter.help.isEmpty && counter.help.hasSuffix("."))
    }

    @Test(arguments: HyperVCatalogue.counters)
    func `every formula is made from native counters that name the path, by labels that they have`(
        _ counter: HyperVCounter
    ) {
        #expect(!counter.natives.isEmpty)
        for term in counter.allTerms {
            #expect(term.counter.hyperVPaths.contains(counter.path))
            #expect(term.counter.entry.hyperVPath != nil, "\(term.counter) is made use of and says so")
            #expect(term.labels.pairs.allSatisfy { term.counter.entry.labels.contains($0.name) })
        }
        let labels = counter.object.instances?.labels ?? []
        #expect(counter.formula.terms.allSatisfy { Set(labels).isSubset(of: $0.counter.entry.labels) })
    }

    @Test(arguments: Counter.allCases)
    func `every path of a native counter is an entry that is made from it`(_ counter: Counter) throws {
        guard let path = counter.entry.hyperVPath else { return }
        let found = try HyperVCatalogue.counters(for: CounterPath(parsing: path))
        #expect(found.count == 1)
        #expect(found.allSatisfy { $0.natives.contains(counter) })
        #expect(found.map(\.path) == [path], "spelt as the catalogue spells it")
    }

    /// Growing counters grow and gauges have values: the other way about is a slip.
    @Test(arguments: HyperVCatalogue.counters)
    func `growth is taken of what grows`(_ counter: HyperVCounter) {
        for term in Self.growths(counter.formula) { #expect(term.counter.entry.kind == .counter) }
    }

    private static func growths(_ formula: CounterFormula) -> [CounterTerm] {
        switch formula {
        case .growth(let term): [term]
        case .value, .count, .all, .elapsed, .constant: []
        case .sum(let left, let right), .difference(let left, let right), .product(let left, let right),
            .quotient(let left, let right), .each(let left, let right), .lesser(let left, let right):
            growths(left) + growths(right)
        case .bounded(let inner, _): growths(inner)
        }
    }

    @Test(arguments: [
        (#"\Memory\Available MByte"#, "did you mean 'Available MBytes'?"),
        (
            #"\Hyper-V Hypervisor Logical Procesor(*)\% Idle Time"#,
            "did you mean 'Hyper-V Hypervisor Logical Processor'?"
        ),
        (#"\Hyper-V Hypervisor Logical Processor(*)\% idletime"#, "did you mean '% Idle Time'?"),
        (#"\Print Queue(*)\Jobs"#, "evenkeel counter ls"),
        (#"\Memory(*)\Available MBytes"#, "'Memory' has no instances"),
        (#"\PhysicalDisk\Disk Bytes/sec"#, "write 'PhysicalDisk(*)'"),
        (#"\PhysicalDisk(a/b)\Disk Bytes/sec"#, "have no parents"),
    ])
    func `an unknown path says what was meant`(_ text: String, _ advice: String) throws {
        let path = try CounterPath(parsing: text)
        let error = #expect(throws: CounterError.self) { try HyperVCatalogue.counters(for: path) }
        #expect(error?.description.contains(advice) == true, "\(error?.description ?? "")")
    }

    @Test func `an instance that there is not is answered with those that there are`() throws {
        let moments = Moments([(.diskBytes, .disk("vda", .read), 0)], [])
        #expect(throws: CounterError.noInstance(text: #"\PhysicalDisk(sda)\*"#, existing: ["vda", "_Total"])) {
            try moments.ask(#"\PhysicalDisk(sda)\*"#)
        }
    }

    @Test func `formulas are put as a person would write them`() throws {
        func text(_ path: String) throws -> String? {
            try HyperVCatalogue.counters(for: CounterPath(parsing: path)).first.map { "\($0.formula)" }
        }
        let run = "evenkeel_lp_run_seconds_total"
        let guest = "growth(\(run){mode=\"guest\"}) + growth(\(run){mode=\"root\"})"
        #expect(
            try text(#"\Hyper-V Hypervisor Logical Processor(*)\% Guest Run Time"#)
                == "clamp(100 * (\(guest)) / growth(\(run)), 0, 100)")
        #expect(try text(#"\Memory\Pages/sec"#) == "growth(evenkeel_host_pages_swapped_total) / seconds")
    }

    @Test func `the reference page is the one that is checked in`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let path = "Sources/Counters/Counters.docc/Reference.md"
        let page = try? String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
        #expect(
            page == CounterReference.page,
            "the catalogue has changed; run: .build/debug/evenkeel counter ls --markdown > \(path)")
    }
}
