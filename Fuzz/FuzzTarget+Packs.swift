import FleetModel
import Foundation

@testable import FleetServer
@testable import PlugIns

/// What other systems and packs' own programs say.
extension FuzzTarget {
    /// The body of a post of alerts, taken in at one moment and at a later one: no more than may be active, every alert a
    /// series of its own name whose labels are in order, what is kept reads back as it was.
    static let alerts = FuzzTarget(
        name: "alerts",
        seeds: {
            [
                #"[{"labels":{"alertname":"FanFailed","instance":"kvm1:9100","severity":"critical"}}]"#,
                #"[{"labels":{"a":"b"},"annotations":{"summary":"x"},"startsAt":"2026-01-31T12:00:00Z","#
                    + #""endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://p/"}]"#,
                #"[{"labels":{"host":"a","cluster":"c","exported_host":"x"}},{"labels":{}}]"#, "[]",
            ].map { Array($0.utf8) }
        },
        run: { bytes in
            var limits = ForeignAlertLimits()
            limits.active = 8
            guard let batch = try? ForeignAlertReader(limits: limits).batch(of: Data(bytes)) else { return }
            var book = EventBook()
            let now = Timestamp(milliseconds: 1_800_000_000_000)
            for moment in [now, now + .seconds(400)] {
                _ = book.receive(batch.alerts, at: moment, atMost: limits.active)
                require(book.events.count <= limits.active, "\(book.events.count) alerts are active")
                let samples = book.samples(at: moment, naming: EventNames(clusters: [:]))
                for one in samples {
                    require(one.labels[Labels.metricName] == EventNames.metric, "\(one.labels) is another series")
                    let names = one.labels.pairs.map(\.name)
                    require(names == names.sorted() && Set(names).count == names.count, "\(names) are out of order")
                }
                book.note(written: samples)
            }
            guard let kept = try? JSONEncoder().encode(book) else { return require(false, "it cannot be kept") }
            require((try? JSONDecoder().decode(EventBook.self, from: kept)) == book, "kept, it is another")
        })

    /// What a program of a pack prints, in one piece and byte by byte: the same steps and the same result, bounded.
    static let plugin = FuzzTarget(
        name: "plugin",
        seeds: {
            [
                "{\"progress\": 0.4, \"message\": \"draining\"}\n{\"result\": \"done\"}\n", "words\n\n{}\n",
                "{\"result\": \"failed\", \"message\": \"no spare\"}", "{\"progress\": 1e999}\n{\"result\": 3}\n",
            ].map { Array($0.utf8) }
        },
        run: { bytes in
            let whole = said(bytes, piece: max(1, bytes.count))
            let single = said(bytes, piece: 1)
            require(whole.steps == single.steps && whole.result == single.result, "in pieces it says other things")
            for step in whole.steps {
                require(step.message.unicodeScalars.count <= 500, "a message of \(step.message.count) characters")
                require(step.share.map { (0...1).contains($0) } ?? true, "a share of \(step.share ?? 0)")
                let isPlain = step.message.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
                require(isPlain, "a message with control characters")
            }
        })

    private static func said(_ bytes: [UInt8], piece: Int) -> (steps: [PlugInProgress], result: PlugInResult?) {
        var limits = PlugInOutput.Limits()
        limits.line = 1 << 17
        var output = PlugInOutput(limits: limits)
        var steps: [PlugInProgress] = []
        for start in stride(from: 0, to: bytes.count, by: piece) {
            steps += output.receive(bytes[start..<min(bytes.count, start + piece)])
        }
        if let last = output.finish() { steps.append(last) }
        return (steps, output.result)
    }
}
