import FleetModel

/// Data for comparing two servers: half an hour of counters, gauges, a histogram, odd values and odd labels, in the
/// past, so that nothing that a server says of itself lies in the same span. No sample lies on a boundary of a range.
struct SampleFleet {
    private static let shares: [String: Double] = ["0.1": 0.5, "0.5": 0.8, "1": 0.95, "+Inf": 1]

    /// The first moment, a whole minute about an hour ago.
    let start: Int64
    var end: Int64 { start + 1_800_000 }
    /// The moment that instant queries are about: 20 minutes in.
    var moment: Int64 { start + 1_200_000 }

    init(now: Timestamp) { start = (now.milliseconds / 60_000 - 60) * 60_000 }

    var series: [SeriesSamples] {
        var result: [SeriesSamples] = []
        for (job, instances) in [("api", 3), ("db", 2)] {
            for instance in 0..<instances {
                let target = ["job": job, "instance": "\(job)-\(instance):80"]
                let pace = Double(instance + 1)
                result.append(gauge("up", target) { _ in 1 })
                for (code, share) in [("200", 0.9), ("404", 0.08), ("500", 0.02)] {
                    let labels = target.merging(["code": code]) { first, _ in first }
                    result.append(gauge("http_requests_total", labels) { 1000 + ($0 * pace * share * 15).rounded() })
                }
                result.append(
                    gauge("temperature_celsius", target) { 20 + ($0 * pace).truncatingRemainder(dividingBy: 7) })
                for bound in ["0.1", "0.5", "1", "+Inf"] {
                    let share = Self.shares[bound] ?? 1
                    let labels = target.merging(["le": bound]) { first, _ in first }
                    result.append(gauge("latency_seconds_bucket", labels) { 5000 + ($0 * 10 * pace * share).rounded() })
                }
            }
        }
        return result + odd
    }

    private var odd: [SeriesSamples] {
        [
            gauge("odd", ["kind": "nan"]) { _ in .nan }, gauge("odd", ["kind": "inf"]) { _ in .infinity },
            gauge("odd", ["kind": "minus-inf"]) { _ in -.infinity }, gauge("odd", ["kind": "tiny"]) { _ in 1.25e-9 },
            gauge("odd", ["kind": "huge"]) { _ in 6.02214076e23 }, gauge("odd", ["kind": "zero"]) { _ in -0.0 },
            gauge("odd", ["kind": "third"]) { _ in 1.0 / 3 },
            gauge("odd_labels", ["text": "quote \" backslash \\ line\nend", "uni": "größe ✓ 😀"]) { _ in 1 },
            gauge("odd_labels", ["text": "<script>&amp;", "uni": "日本"]) { _ in 2 },
            // Ends in the middle of the span.
            gauge("ended", ["job": "api"]) { $0 < 60 ? $0 : $0 == 60 ? Staleness.marker : nil },
        ]
    }

    /// A sample every 15 seconds.
    private func gauge(
        _ name: String, _ labels: [String: String], _ value: (Double) -> Double?
    ) -> SeriesSamples {
        var samples = SampleColumns()
        for place in 0..<120 {
            guard let value = value(Double(place)) else { continue }
            samples.append(start + Int64(place) * 15_000 + 7_123, value)
        }
        return SeriesSamples(labels: Labels(labels.merging(["__name__": name]) { first, _ in first }), samples: samples)
    }
}
