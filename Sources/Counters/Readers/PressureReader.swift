/// Reads `/proc/pressure`: once a second, so that a short stall shows. A kernel without it gives no series.
struct PressureReader: Sendable {
    private struct Resource: Sendable {
        let resource: SeriesKey.Resource
        var file: OptionalFile
        var some = ShareOfTime()
        var full = ShareOfTime()
    }

    private var resources: [Resource]

    init(_ options: SamplerOptions) {
        resources = SeriesKey.Resource.allCases.map { resource in
            Resource(resource: resource, file: OptionalFile("\(options.procFolder)/pressure/\(resource.rawValue)"))
        }
    }

    /// Looks at each resource at `nanoseconds` of the clock that never jumps, and appends what there is at an
    /// interval's end.
    mutating func read(
        _ buffer: inout ReadBuffer, depth: SampleDepth, nanoseconds: Int64, into sample: inout HostSample
    ) throws(CounterError) {
        for place in resources.indices {
            guard let length = try resources[place].file.read(into: &buffer) else { continue }
            let path = resources[place].file.path
            let stall = try PressureStall(parsing: buffer.bytes.span.extracting(0..<length), path: path)
            if let line = stall.some {
                resources[place].some.take(part: line.nanoseconds, whole: nanoseconds)
                if depth == .whole { append(line, place, .some, &resources[place].some, to: &sample) }
            }
            if let line = stall.full {
                resources[place].full.take(part: line.nanoseconds, whole: nanoseconds)
                if depth == .whole { append(line, place, .full, &resources[place].full, to: &sample) }
            }
        }
    }

    private func append(
        _ line: PressureStall.Line, _ place: Int, _ stall: SeriesKey.Stall, _ share: inout ShareOfTime,
        to sample: inout HostSample
    ) {
        let resource = resources[place].resource
        sample.append(.pressure, .pressure(resource, stall), Double(line.totalMicroseconds) / 1e6)
        guard let summary = share.finish() else { return }
        sample.append(.pressureRatio, .pressureStatistic(resource, stall, .average), summary.average)
        sample.append(.pressureRatio, .pressureStatistic(resource, stall, .maximum), summary.maximum)
    }
}

extension PressureStall.Line {
    /// The total in nanoseconds, as far as 64 bits hold.
    fileprivate var nanoseconds: Int64 { totalMicroseconds.multipliedReportingOverflow(by: 1000).partialValue }
}
