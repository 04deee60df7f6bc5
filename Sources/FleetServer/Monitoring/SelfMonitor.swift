import FleetModel
import Logging
import MetricsWire
import ServiceLifecycle

/// Keeps the server's own metrics as series, so that its health over time can be asked for where everything else is.
struct SelfMonitor: Service {
    let metrics: ServerMetrics
    let sink: any SeriesSink
    let interval: Duration
    let clock: any Clock
    let logger: Logger

    func run() async throws {
        var isWell = true
        while !Task.isShuttingDownGracefully && !Task.isCancelled {
            let began = clock.now
            do {
                try await sink.append(Self.series(metrics.page().samples, at: began))
                isWell = true
            } catch {
                if isWell {
                    logger.warning("the server's own metrics cannot be kept", metadata: ["reason": "\(error)"])
                }
                isWell = false
            }
            try? await cancelWhenGracefulShutdown { try await clock.sleep(until: began + interval) }
        }
    }

    /// The samples of a page as series of one sample each, with the label that a scrape of the server would bear.
    static func series(_ samples: [MetricSample], at moment: Timestamp) -> [SeriesSamples] {
        samples.map { sample in
            var labels = Labels(sample.labels.map { Labels.Pair($0.name, $0.value) })
            labels[Labels.metricName] = sample.name
            labels["job"] = "evenkeel"
            let columns = SampleColumns(times: [moment.milliseconds], values: [sample.value])
            return SeriesSamples(labels: labels, samples: columns)
        }
    }
}
