import HTTPClient

/// One request that both servers are asked, and how alike the answers must be.
struct APICase: CustomStringConvertible {
    enum Expectation {
        /// Status, media type and every field.
        case same
        /// Status and `errorType`; the text is in other words, and why.
        case sameError(Difference)
        /// Prometheus 2.42 answers otherwise, and why; ours has this status.
        case other(Difference, status: Int)
    }

    /// Why Debian's Prometheus 2.42 says something else.
    enum Difference: String {
        case limitsCameLater = "the parameter 'limit' came with 2.52 and later: 2.42 ignores it"
        case brokenFormsAreRefused = "2.42 takes what it can of a broken form and misses the rest"
        case anyNameIsALabel = "since 3.0 any UTF-8 names a label"
        case parametersAreNamed = "we name the parameter that a bad selector stands in"
        case selectorsAreChecked = "we say in our own words what is no selector"
        case moreIsKnown = "parse_query, group pages and others came with 2.5x and 3.x"
        case wordsOfTheParser = "our parser says in its own words what it expected"
        case notANumber = "2.42 computes with NaN as a time; we refuse it"
        case overflow = "2.42 lets a time overflow; we refuse it"
        case optionsHaveNoBody = "2.42 answers OPTIONS outside of the API with 200"
        case namesAreKept = "3.x drops metric names late"
    }

    var method = HTTPRequest.Method.get
    var path: String
    var parameters: [(name: String, value: String)] = []
    /// A query exactly as it is sent, for what no encoder would write.
    var rawQuery: String?
    var expectation = Expectation.same

    var description: String { "\(method.rawValue) \(target)\(method == .post ? " " + form : "")" }

    /// Path and query.
    var target: String {
        if let rawQuery { return "\(path)?\(rawQuery)" }
        return method == .get && !parameters.isEmpty ? "\(path)?\(form)" : path
    }

    /// The parameters as a form.
    var form: String {
        parameters.map { "\(HTTPRequest.encoded($0.name))=\(HTTPRequest.encoded($0.value))" }.joined(separator: "&")
    }

    func ask(_ server: LoopbackServer) async throws -> HTTPResponse {
        guard method == .post else {
            // libcurl would call a body that is none a form.
            let headers = method == .get ? [] : [(name: "Content-Type", value: "application/json")]
            return try await server.send(method, target, headers: headers)
        }
        let type = (name: "Content-Type", value: "application/x-www-form-urlencoded")
        return try await server.send(.post, target, headers: [type], body: Array(form.utf8))
    }
}

extension APICase {
    static func get(
        _ path: String, _ parameters: [(name: String, value: String)] = [], _ expectation: Expectation = .same
    ) -> APICase {
        APICase(path: "/api/v1/" + path, parameters: parameters, expectation: expectation)
    }

    static func post(
        _ path: String, _ parameters: [(name: String, value: String)], _ expectation: Expectation = .same
    ) -> APICase {
        APICase(method: .post, path: "/api/v1/" + path, parameters: parameters, expectation: expectation)
    }

    static func raw(_ path: String, _ query: String?, _ expectation: Expectation = .same) -> APICase {
        APICase(path: path, rawQuery: query, expectation: expectation)
    }
}
