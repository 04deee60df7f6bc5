import FleetModel
import Hummingbird
import PromQL

/// `series`, `labels`, `label/NAME/values`: what there is, without samples.
struct SeriesRoutes {
    let lister: SeriesLister

    func add(to group: RouterGroup<FleetRequestContext>) {
        group.serve("series", [.get, .post]) { request, _ in
            let parameters = try await RequestParameters(request)
            guard !parameters.all("match[]").isEmpty else {
                throw APIError(.badRequest, "no match[] parameter provided")
            }
            let scope = try SeriesLister.Scope(parameters)
            return .list(try await lister.series(scope), limit: try parameters.limit()) { $0.labels($1) }
        }
        group.serve("labels", [.get, .post]) { request, _ in
            let parameters = try await RequestParameters(request)
            let scope = try SeriesLister.Scope(parameters)
            return .list(try await lister.labelNames(scope), limit: try parameters.limit()) { $0.string($1) }
        }
        group.serve("label/:name/values", [.get]) { request, context in
            let parameters = try await RequestParameters(request)
            let step = Substring(context.parameters.get("name") ?? "")
            let name = try LabelNameEscape.decoded(try RequestParameters.decoded(step.utf8, isForm: false))
            let scope = try SeriesLister.Scope(parameters)
            return .list(try await lister.values(of: name, scope), limit: try parameters.limit()) { $0.string($1) }
        }
    }
}

extension SeriesLister.Scope {
    /// `match[]`, `start` and `end`.
    init(_ parameters: RequestParameters) throws {
        let (first, last) = try parameters.bounds()
        self.init(selectors: try parameters.all("match[]").map { try Self.selector($0) }, first: first, last: last)
    }

    /// The matchers of a series selector, which must say something.
    static func selector(_ text: String, parameter: String = "match[]") throws -> [LabelMatcher] {
        let expression: PromQL.Expression
        do throws(PromQLError) {
            expression = try parse(text)
        } catch {
            throw APIError.invalid(parameter, "\(error)")
        }
        guard case .selector(let selector) = expression, selector.offset == .zero, selector.anchor == nil else {
            throw APIError.invalid(parameter, "\"\(text)\" is not a series selector such as up{job=\"a\"}")
        }
        return selector.allMatchers
    }
}

extension Response {
    /// `{"status":"success","data":DATA}`.
    static func success(
        warnings: [String] = [], _ data: (inout JSONText) -> Void
    ) -> Response {
        var json = JSONText()
        json.object { json in
            json.member("status", "success")
            json.key("data")
            data(&json)
            if !warnings.isEmpty { json.member("warnings", warnings) }
        }
        return Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: json.bytes)))
    }

    /// A list as the data, cut at a limit with a warning.
    static func list<Element>(
        _ elements: [Element], limit: Int? = nil, _ write: (inout JSONText, Element) -> Void
    ) -> Response {
        let shown = elements.prefix(limit ?? elements.count)
        let warnings = shown.count < elements.count ? [QueryLimit.warning] : []
        return .success(warnings: warnings) { json in
            json.array { json in for element in shown { write(&json, element) } }
        }
    }
}

/// The `limit` parameter of queries.
enum QueryLimit {
    static let warning = "results truncated due to limit"

    /// The first elements of an answer, with a warning where that leaves some out.
    static func cut(_ answer: QueryAnswer, to limit: Int?) -> QueryAnswer {
        guard let limit else { return answer }
        var answer = answer
        switch answer.value {
        case .vector(let elements) where elements.count > limit:
            answer.value = .vector(Array(elements.prefix(limit)))
            answer.warnings.append(warning)
        case .matrix(let series) where series.count > limit:
            answer.value = .matrix(Array(series.prefix(limit)))
            answer.warnings.append(warning)
        case .scalar, .string, .vector, .matrix: break
        }
        return answer
    }
}

/// How Prometheus 3 writes any label name as a plain word in a path: `U__` in front, `_` doubled, and every other
/// character that no word has as its code point between underscores (`my.label` is `U__my_2e_label`).
enum LabelNameEscape {
    /// The name itself. Throws for what is no name.
    static func decoded(_ text: String) throws -> String {
        let name = text.hasPrefix("U__") ? unescaped(text.dropFirst(3)) ?? text : text
        guard !name.isEmpty else { throw APIError(.badRequest, "invalid label name: \"\(text)\"") }
        return name
    }

    private static func unescaped(_ text: Substring) -> String? {
        var result = ""
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            guard scalar == "_" else {
                result.unicodeScalars.append(scalar)
                continue
            }
            let code = rest.prefix { $0 != "_" }
            guard code.count < rest.count, code.count <= 6 else { return nil }
            rest = rest.dropFirst(code.count + 1)
            if code.isEmpty {
                result += "_"
            } else {
                guard let number = UInt32(String(code), radix: 16), let known = Unicode.Scalar(number) else {
                    return nil
                }
                result.unicodeScalars.append(known)
            }
        }
        return result
    }
}
