import FleetModel
import MetricsWire
import RemoteEngine
import SampleExport
import TimeSeriesStore

/// The door that every sample comes in by, from agents, rules and the server itself: to whoever keeps the series, and
/// into the queues of those that get a copy.
struct SampleIntake: SeriesSink {
    /// Who keeps the series.
    enum Keeper: Sendable {
        /// The store of this server.
        case store(TimeSeriesStore)
        /// Another server.
        case remote(RemoteEngine)
    }

    let keeper: Keeper
    let exports: SampleExports

    /// Takes a remote write request; returns when its keeper has it for good. Throws `StoreError` and
    /// `RemoteEngineError`.
    func write(remoteWrite body: [UInt8], allowing scope: WriteScope? = nil) async throws -> WriteSummary {
        do {
            let summary = try await keep(body, allowing: scope)
            exports.add(body, samples: summary.stored)
            return summary
        } catch StoreError.refused(let summary, let example) {
            if summary.stored > 0 { exports.add(body, samples: summary.stored) }
            throw StoreError.refused(summary, example: example)
        } catch StoreError.partlyInvalid(let reason, let stored, let taken) {
            exports.add(taken, samples: stored)
            throw StoreError.partlyInvalid(reason: reason, stored: stored, taken: taken)
        }
    }

    /// Takes samples of the server's own. Throws as `write` does.
    func append(_ series: [SeriesSamples]) async throws {
        _ = try await write(remoteWrite: RemoteWriteEncoder.encode(series))
    }

    private func keep(_ body: [UInt8], allowing scope: WriteScope?) async throws -> WriteSummary {
        switch keeper {
        case .store(let store): return try await store.write(remoteWrite: body, allowing: scope)
        case .remote(let engine):
            var summary = WriteSummary()
            summary.stored = try RemoteWriteCheck.samples(of: body, allowing: scope)
            if summary.stored > 0 { try await engine.write(remoteWrite: body) }
            return summary
        }
    }
}
