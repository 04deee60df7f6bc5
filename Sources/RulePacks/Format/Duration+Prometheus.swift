import FleetModel

extension Duration {
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("y", 31_536_000_000), ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000),
        ("ms", 1),
    ]

    /// Reads Prometheus' way of writing spans: whole numbers with units from large to small, each unit once
    /// (`1h30m`, `15s`, `250ms`), or `0`. `nil` for anything else and for spans beyond 290 years.
    public init?(prometheus text: String) {
        var rest = Substring(text)
        var sum: Int64 = 0
        var next = 0
        if text == "0" {
            self = .zero
            return
        }
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let number = Int64(digits),
                let place = Self.units[next...].firstIndex(where: { $0.name == unit })
            else { return nil }
            let (product, isTooLong) = number.multipliedReportingOverflow(by: Self.units[place].milliseconds)
            let (total, isTooLongInAll) = sum.addingReportingOverflow(product)
            guard !isTooLong, !isTooLongInAll, total <= 9_200_000_000_000 else { return nil }
            sum = total
            next = place + 1
        }
        self = .milliseconds(sum)
    }

    /// The span divided by `speed`, at least a millisecond where it was more than none.
    func divided(by speed: Double) -> Duration {
        guard self > .zero, speed > 0, speed.isFinite else { return self }
        return .milliseconds(max(1, Int64((Double(milliseconds) / speed).rounded())))
    }

    /// As Prometheus writes it: `1h30m`; `0s` for none.
    public var prometheusText: String {
        var rest = max(0, milliseconds)
        if rest == 0 { return "0s" }
        var text = ""
        for (name, size) in Self.units where name != "y" && name != "w" {
            let count = rest / size
            if count > 0 { text += "\(count)\(name)" }
            rest -= count * size
        }
        return text
    }
}
