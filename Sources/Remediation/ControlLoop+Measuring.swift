import FleetModel

/// Holds what was predicted against what came.
extension ControlLoop {
    /// Moves whose effect is not known that long after their end are not measured any more.
    private static let measureLimit = Duration.seconds(3600)

    /// Measures every move whose end lies a whole window back: from then on the loads show it and nothing before it.
    mutating func measureEffects() {
        guard let readings, SnapshotBuilder.isFresh(readings.time, at: now, limit: settings.readingsAgeLimit) else {
            return
        }
        for var operation in past.unmeasured {
            guard let move = operation.move, let ended = operation.ended else { continue }
            let age = readings.time - ended
            if age < readings.window { continue }
            if age < max(Self.measureLimit, readings.window * 4) {
                operation.measured = effect(of: move, readings)
                operation.log.append(OperationEvent(time: now, text: Self.text(operation)))
                outbox.save(operation)
            }
            past.measured(operation)
        }
    }

    private func effect(
        of move: (virtualMachine: VirtualMachineID, source: HostName, destination: HostName), _ readings: LoadReadings
    ) -> MeasuredEffect {
        var effect = MeasuredEffect(time: readings.time)
        effect.sourceProcessor = readings.hostProcessorUse[move.source]
        effect.destinationProcessor = readings.hostProcessorUse[move.destination]
        effect.sourceMemory = memoryUse(of: move.source)
        effect.destinationMemory = memoryUse(of: move.destination)
        return effect
    }

    /// Used share of a host's memory; `nil` where it is not known of this moment.
    func memoryUse(of host: HostName) -> Double? {
        guard let record = hosts[host], isFresh(record), let available = record.report.memoryAvailable,
            record.report.memory > .zero
        else { return nil }
        return 1 - Double(available.count) / Double(record.report.memory.count)
    }

    private static func text(_ operation: FleetModel.Operation) -> String {
        func line(_ host: HostName, _ expected: Prediction.Change?, _ measured: Double?) -> String {
            "processor of \(host): expected \(expected?.after.percent ?? "unknown"), measured "
                + (measured?.percent ?? "unknown")
        }
        guard let move = operation.move, let measured = operation.measured else { return "not measured" }
        let prediction = operation.action.prediction
        return line(move.source, prediction.sourceProcessor, measured.sourceProcessor) + "; "
            + line(move.destination, prediction.destinationProcessor, measured.destinationProcessor)
    }
}
