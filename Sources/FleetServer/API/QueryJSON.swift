import FleetModel

/// Prometheus' JSON of a query's answer (prometheus `web/api/v1`: `{"status","data":{"resultType","result"}}`).
enum QueryJSON {
    static func bytes(of answer: QueryAnswer) -> [UInt8] {
        var json = JSONText()
        json.object { json in
            json.member("status", "success")
            json.key("data")
            json.object { json in
                json.member("resultType", type(of: answer.value))
                json.key("result")
                write(answer.value, to: &json)
            }
            list(answer.warnings, named: "warnings", to: &json)
            list(answer.infos, named: "infos", to: &json)
        }
        return json.bytes
    }

    private static func type(of value: QueryValue) -> String {
        switch value {
        case .scalar: "scalar"
        case .string: "string"
        case .vector: "vector"
        case .matrix: "matrix"
        }
    }

    private static func write(_ value: QueryValue, to json: inout JSONText) {
        switch value {
        case .scalar(let time, let number):
            json.array { json in
                json.seconds(time.milliseconds)
                json.sampleValue(number)
            }
        case .string(let time, let text):
            json.array { json in
                json.seconds(time.milliseconds)
                json.string(text)
            }
        case .vector(let elements):
            json.array { json in for element in elements { write(element, to: &json) } }
        case .matrix(let series):
            json.array { json in for one in series { write(one, to: &json) } }
        }
    }

    private static func write(_ element: InstantSample, to json: inout JSONText) {
        json.object { json in
            json.key("metric")
            write(element.labels, to: &json)
            json.key("value")
            json.array { json in
                json.seconds(element.time.milliseconds)
                json.sampleValue(element.value)
            }
        }
    }

    private static func write(_ series: SeriesSamples, to json: inout JSONText) {
        json.object { json in
            json.key("metric")
            write(series.labels, to: &json)
            json.key("values")
            json.array { json in
                for (time, value) in zip(series.samples.times, series.samples.values) {
                    json.array { json in
                        json.seconds(time)
                        json.sampleValue(value)
                    }
                }
            }
        }
    }

    private static func write(_ labels: Labels, to json: inout JSONText) {
        json.object { json in for pair in labels.pairs { json.member(pair.name, pair.value) } }
    }

    private static func list(_ texts: [String], named name: String, to json: inout JSONText) {
        if texts.isEmpty { return }
        json.key(name)
        json.array { json in for text in texts { json.string(text) } }
    }
}
