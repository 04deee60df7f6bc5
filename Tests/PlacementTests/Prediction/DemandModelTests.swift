import Placement
import Testing

@Suite("What a VM is expected to want")
struct DemandModelTests {
    /// A reading each half hour for so many days.
    private func model(days: Int, _ demand: (Int) -> Double) -> DemandModel {
        var model = DemandModel()
        for reading in 0..<(days * 48) { model.add(demand(reading), at: reading % 48 * 1800) }
        return model
    }

    private func forecast(_ model: DemandModel, hour: Int, hours: Int) -> (mean: Double, variance: Double) {
        model.forecast(prior: 1, priorDeviation: 0.1, from: hour * 3600, seconds: hours * 3600)
    }

    @Test("a VM that is busy by day is expected to be, and to be idle by night")
    func season() {
        let days = model(days: 5) { (18..<36).contains($0 % 48) ? 4 : 0.5 }
        #expect(forecast(days, hour: 10, hours: 4).mean > 3)
        #expect(forecast(days, hour: 0, hours: 4).mean < 1)
        #expect(forecast(days, hour: 10, hours: 4).variance < 1)
        #expect(forecast(days, hour: 0, hours: 24).variance > 1)
    }

    @Test("without two whole days, or without a pattern, the time of day says nothing")
    func noSeason() {
        let oneDay = model(days: 1) { (18..<36).contains($0 % 48) ? 4 : 0.5 }
        #expect(forecast(oneDay, hour: 10, hours: 4).mean == forecast(oneDay, hour: 0, hours: 4).mean)
        var generator = SeededGenerator(seed: 3)
        let noise = model(days: 20) { _ in Double.random(in: 0...2, using: &generator) }
        #expect(abs(forecast(noise, hour: 10, hours: 4).mean - forecast(noise, hour: 0, hours: 4).mean) < 1e-9)
    }

    @Test("a demand that plainly rises is expected to be above its mean; noise has no trend")
    func trend() {
        var model = DemandModel()
        for reading in 0..<96 { model.add(reading < 60 ? 1 : 1 + Double(reading - 60) / 10, at: reading * 300) }
        #expect(forecast(model, hour: 8, hours: 1).mean > model.history.mean + 0.3)
    }

    @Test("the usual peak is what 95 % of the readings stay below, once enough were seen")
    func peak() throws {
        var generator = SeededGenerator(seed: 5)
        var model = DemandModel()
        for reading in 0..<5000 {
            if reading < 100 { #expect(model.usualPeak == nil) }
            model.add(Double.random(in: 0...1, using: &generator), at: reading * 60)
        }
        #expect(abs(try #require(model.usualPeak) - 0.95) < 0.06)
    }

    @Test("what cannot be is not taken in")
    func hostile() {
        var model = DemandModel()
        for value in [Double.nan, .infinity, -1] { model.add(value, at: .min) }
        #expect(model == DemandModel())
        model.add(1, at: -5)
        let expected = model.forecast(prior: 1, priorDeviation: 0, from: .max, seconds: .max)
        #expect(expected.mean == 1)
    }
}
