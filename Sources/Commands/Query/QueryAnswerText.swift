import FleetModel

/// A query's answer, read from Prometheus' JSON, as a table: a row a sample.
struct QueryAnswerText: Decodable {
    struct Row {
        var labels: Labels
        var seconds: Double
        var value: String
    }

    let rows: [Row]
    let warnings: [String]?
    let infos: [String]?

    var table: String {
        if rows.isEmpty { return "No series." }
        var table = TextTable("SERIES", "TIME", ">VALUE")
        for row in rows {
            let time = Phrases.timeOfDay(Timestamp(seconds: row.seconds))
            table.add(row.labels.pairs.isEmpty ? "{}" : row.labels.description, time, row.value)
        }
        return table.text
    }

    /// A chart of the samples, `columns` characters wide.
    func plot(columns: Int, colours: Bool) -> String {
        var series: [QueryPlot.Series] = []
        var places: [Labels: Int] = [:]
        for row in rows {
            let place = places[row.labels] ?? series.count
            if place == series.count {
                let name = row.labels.pairs.isEmpty ? "{}" : row.labels.description
                series.append(QueryPlot.Series(name: name, points: []))
                places[row.labels] = place
            }
            series[place].points.append((row.seconds, Double(row.value) ?? .nan))
        }
        let style = QueryPlot.Style(width: columns, colours: colours, unit: unit)
        let steps = series.flatMap { zip($0.points.dropFirst(), $0.points).map { $0.seconds - $1.seconds } }
        if series.isEmpty { return "No series." }
        return QueryPlot(series, step: steps.min(), style: style)?.text ?? "No finite value to draw."
    }

    /// The unit that every metric's name ends in, if they agree: `..._bytes` or `..._seconds_total`.
    private var unit: String? {
        let known = ["bytes", "seconds", "ratio", "percent", "celsius", "joules", "watts", "hertz"]
        let units = Set(
            rows.map { row in
                let words = (row.labels.metric ?? "").split(separator: "_").filter { $0 != "total" }
                return known.first { $0 == words.last ?? "" }
            })
        return units.count == 1 ? units.first ?? nil : nil
    }

    private enum Keys: String, CodingKey {
        case data, resultType, result, warnings, infos
    }

    init(from decoder: any Decoder) throws {
        let top = try decoder.container(keyedBy: Keys.self)
        warnings = try top.decodeIfPresent([String].self, forKey: .warnings)
        infos = try top.decodeIfPresent([String].self, forKey: .infos)
        let data = try top.nestedContainer(keyedBy: Keys.self, forKey: .data)
        switch try data.decode(String.self, forKey: .resultType) {
        case "vector", "matrix":
            rows = try data.decode([Element].self, forKey: .result).flatMap(\.rows)
        default:
            let pair = try data.decode(Pair.self, forKey: .result)
            rows = [Row(labels: Labels(), seconds: pair.seconds, value: pair.value)]
        }
    }

    private struct Element: Decodable {
        let metric: Labels
        let value: Pair?
        let values: [Pair]?

        var rows: [Row] {
            ((value.map { [$0] } ?? []) + (values ?? [])).map {
                Row(labels: metric, seconds: $0.seconds, value: $0.value)
            }
        }
    }

    private struct Pair: Decodable {
        let seconds: Double
        let value: String

        init(from decoder: any Decoder) throws {
            var container = try decoder.unkeyedContainer()
            seconds = try container.decode(Double.self)
            value = try container.decode(String.self)
        }
    }
}
