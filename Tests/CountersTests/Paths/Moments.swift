import FleetModel

@testable import Counters

/// Two moments of readings as literals, and what paths say over them.
struct Moments {
    typealias Readings = [(Counter, SeriesKey.Subject, Double)]

    let first: CounterMoment
    let second: CounterMoment
    let names: [VirtualMachineID: String]

    init(_ first: Readings, _ second: Readings, seconds: Double = 10, names: [VirtualMachineID: String] = [:]) {
        self.first = CounterMoment(Self.sample(first), at: .seconds(5), names: names)
        self.second = CounterMoment(Self.sample(second), at: .seconds(5 + seconds), names: names)
        self.names = names
    }

    static func sample(_ readings: Readings) -> HostSample {
        var sample = HostSample()
        for (counter, subject, value) in readings { sample.append(counter, subject, value) }
        return sample
    }

    /// Titles and values of what a request asks for, its instances as they were at the first moment.
    func ask(_ text: String) throws -> [(title: String, value: Double?)] {
        let columns = try CounterRequest(parsing: text, hostName: "host").columns(at: first)
        var interval = CounterInterval(from: first, to: second)
        return columns.map { ($0.title, $0.value(in: &interval)) }
    }

    /// The value of what is one column, rounded as it would be shown.
    func value(_ text: String) throws -> Double? {
        let columns = try ask(text)
        return columns.count == 1 ? columns[0].value.map { ($0 * 1000).rounded() / 1000 } : nil
    }

    /// Seconds of one logical processor by mode.
    static func processor(_ number: Int, _ modes: [RunTimeMode: Double]) -> Readings {
        modes.map { (.logicalProcessorRun, .runTime(logicalProcessor: number, $0), $1) }
    }
}
