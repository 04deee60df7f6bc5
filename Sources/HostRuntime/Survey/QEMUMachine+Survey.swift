import FleetModel

/// How the guest writes to its memory.
extension QEMUMachine {
    /// Looks at the guest's memory, which takes a good second, and keeps what was seen for reports; `nil` where the guest
    /// does not run here or its memory cannot be read.
    func takeSurvey() async -> MemorySurvey? {
        guard await look() == .running, let process, let record else { return nil }
        let surveyor = MemorySurveyor(process: process.identifier, memory: record.definition.memory)
        var generator = SystemRandomNumberGenerator()
        let earlier = surveyTrace?.process == process.identifier ? surveyTrace?.trace : nil
        guard
            let found = try? await surveyor.survey(at: clock.now, after: earlier, using: &generator),
            process.isAlive, self.process === process
        else { return nil }
        surveyTrace = (process.identifier, found.trace)
        survey = found.survey
        survey?.beyond = await memoryBeyondGuest(of: record.definition.memory)
        return survey
    }

    /// Whether the guest runs here and was not looked at for `interval`.
    func wantsSurvey(every interval: Duration) -> Bool {
        guard process != nil, record?.incoming == nil, record?.isSending == nil else { return false }
        return survey.map { clock.now - $0.time >= interval } ?? true
    }

    /// Memory that moves with the guest and is not its own: firmware, tables, the display's. `nil` where QEMU does not
    /// say (before QEMU 6.2).
    private func memoryBeyondGuest(of size: Bytes) async -> Bytes? {
        guard let answer = try? await command("x-query-ramblock", nil, within: .seconds(2)) else { return nil }
        return RAMBlockReading.used(answer).map { max(.zero, $0 - size) }
    }
}
