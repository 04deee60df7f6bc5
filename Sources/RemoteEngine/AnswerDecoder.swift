import FleetModel
import FoundationEssentials
import HTTPClient

/// Reads the JSON answers of Prometheus' query API:
/// `{"status":"success","data":{"resultType":"vector","result":[{"metric":{...},"value":[seconds,"value"]}]}}`.
enum AnswerDecoder {
    static func answer(of response: HTTPResponse) throws(RemoteEngineError) -> QueryAnswer {
        let envelope: Envelope
        do {
            envelope = try JSONDecoder().decode(Envelope.self, from: Data(response.body))
        } catch {
            // Not Prometheus' JSON: a status that says no is the better evidence.
            do { try response.requireSuccess() } catch { throw .http(error) }
            throw undecodable(response, "\(error)")
        }
        guard envelope.status == "success" else {
            throw .refused(
                url: response.url, type: envelope.errorType ?? "status \(response.status)",
                reason: envelope.error ?? "no reason given")
        }
        guard let result = envelope.data else { throw undecodable(response, "it has no data") }
        return QueryAnswer(result.value, warnings: envelope.warnings ?? [], infos: envelope.infos ?? [])
    }

    private static func undecodable(_ response: HTTPResponse, _ reason: String) -> RemoteEngineError {
        .undecodable(url: response.url, reason: reason, body: String(response.text.prefix(200)))
    }

    private struct Envelope: Decodable {
        var status: String
        var data: Result?
        var errorType: String?
        var error: String?
        var warnings: [String]?
        var infos: [String]?
    }

    private struct Result: Decodable {
        var value: QueryValue

        enum Key: String, CodingKey { case resultType, result }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            switch try container.decode(String.self, forKey: .resultType) {
            case "scalar":
                let sample = try container.decode(Sample.self, forKey: .result)
                value = .scalar(sample.time, sample.value)
            case "string":
                let text = try container.decode(TimedText.self, forKey: .result)
                value = .string(text.time, text.text)
            case "vector":
                let elements = try container.decode([Element].self, forKey: .result)
                // An element without a float has a native histogram, which Evenkeel does not know.
                value = .vector(
                    elements.compactMap { element in
                        element.value.map { InstantSample(labels: element.metric, time: $0.time, value: $0.value) }
                    })
            case "matrix":
                let elements = try container.decode([Element].self, forKey: .result)
                value = .matrix(elements.compactMap { $0.series })
            case let other:
                throw DecodingError.dataCorruptedError(
                    forKey: .resultType, in: container, debugDescription: "'\(other)' is not a type of result")
            }
        }
    }

    private struct Element: Decodable {
        var metric: Labels
        var value: Sample?
        var values: [Sample]?

        var series: SeriesSamples? {
            guard let values else { return nil }
            return SeriesSamples(
                labels: metric,
                samples: SampleColumns(times: values.map(\.time.milliseconds), values: values.map(\.value)))
        }
    }

    /// `[seconds, "text"]`.
    private struct TimedText: Decodable {
        var time: Timestamp
        var text: String

        init(from decoder: any Decoder) throws {
            var container = try decoder.unkeyedContainer()
            let seconds = try container.decode(Double.self)
            guard let time = Timestamp(seconds: seconds) else {
                throw DecodingError.dataCorruptedError(
                    in: container, debugDescription: "\(seconds) seconds are not a moment")
            }
            self.time = time
            text = try container.decode(String.self)
        }
    }

    /// `[seconds, "1.5"]`.
    private struct Sample: Decodable {
        var time: Timestamp
        var value: Double

        init(from decoder: any Decoder) throws {
            let pair = try TimedText(from: decoder)
            time = pair.time
            guard let value = Self.number(pair.text) else {
                throw DecodingError.dataCorrupted(
                    .init(codingPath: decoder.codingPath, debugDescription: "'\(pair.text)' is not a value"))
            }
            self.value = value
        }

        private static func number(_ text: String) -> Double? {
            switch text {
            case "NaN": .nan
            case "+Inf", "Inf": .infinity
            case "-Inf": -.infinity
            default: Double(text)
            }
        }
    }
}
