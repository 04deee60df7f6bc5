import FleetModel

/// A query's answer, read from Prometheus' JSON, as a table or as CSV: a row a sample.
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

    /// `series,time,value` with a heading (RFC 4180).
    var csv: String {
        let lines = rows.map { row in
            "\"\(row.labels.description.replacing("\"", with: "\"\""))\",\(row.seconds),\(row.value)"
        }
        return (["series,time,value"] + lines).joined(separator: "\n")
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
