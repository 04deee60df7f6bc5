import FleetModel

/// How the guest writes to its memory.
extension QEMUMachine {
    /// Looks at the guest's memory, which takes a good second, and keeps what was seen for reports; `nil` where the guest
    /// does not run here or its memory cannot be read.
    func takeSurvey() async -> MemorySurvey? {
        guard await look() == .running, let process, let record else { return nil }
        let surveyor = MemorySurveyor(process: process.identifier, memory: record.definition.memory)
        var generator = SystemRandomNumberGenerator()
        guard let found = try? await surveyor.survey(at: clock.now, using: &generator), process.isAlive,
            self.process === process
        else { return nil }
        survey = found
        return found
    }

    /// Whether the guest runs here and was not looked at for `interval`.
    func wantsSurvey(every interval: Duration) -> Bool {
        guard process != nil, record?.incoming == nil, record?.isSending == nil else { return false }
        return survey.map { clock.now - $0.time >= interval } ?? true
    }
}
