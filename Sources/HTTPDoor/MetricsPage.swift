import HTTPTypes
import Hummingbird
import MetricsWire

/// A page of metrics as an answer, in the format that the reader likes best.
public enum MetricsPage {
    /// The format for an `Accept` field (RFC 9110, 12.5.1): OpenMetrics 1.0 or 0.0.1 where it weighs at least as much as
    /// plain text; plain text where nothing else fits.
    static func format(accept: String) -> ExpositionFormat {
        let choices = WeightedList(accept).items
        let open = choices.filter {
            $0.name == "application/openmetrics-text"
                && ["1.0.0", "0.0.1"].contains($0.parameters["version"] ?? "1.0.0")
        }
        let plain = choices.filter {
            $0.name == "text/plain" && ($0.parameters["version"] ?? "0.0.4") == "0.0.4" || $0.name == "text/*"
                || $0.name == "*/*"
        }
        let best = open.max { $0.weight < $1.weight }
        let rival = plain.max { $0.weight < $1.weight }
        let isOpen = best.map { $0.weight > 0 && $0.weight >= (rival?.weight ?? 0) } ?? false
        let taken = isOpen ? best : rival
        return ExpositionFormat(
            isOpenMetrics: isOpen, takesAnyName: taken?.parameters["escaping"]?.lowercased() == "allow-utf-8")
    }

    /// The format that a request asks for.
    public static func format(for request: Request) -> ExpositionFormat {
        format(accept: request.headers[values: .accept].joined(separator: ","))
    }

    /// The page as an answer.
    public static func response(_ page: TextExposition) -> Response {
        Response(
            status: .ok, headers: [.contentType: page.format.contentType],
            body: .init(byteBuffer: ByteBuffer(string: page.text)))
    }
}
