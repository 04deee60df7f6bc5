import HTTPClient

/// What both servers are asked.
struct APICases {
    let fleet: SampleFleet

    var all: [APICase] {
        instantQueries + rangeQueries + badQueries + series + badSeries + language + listings + other
    }

    private var time: String { Self.seconds(fleet.moment) }
    private var first: String { Self.seconds(fleet.start) }
    private var last: String { Self.seconds(fleet.end) }

    private static func seconds(_ milliseconds: Int64) -> String { "\(milliseconds / 1000)" }

    private var instantQueries: [APICase] {
        let queries = [
            "1+1", "up", "http_requests_total{code=\"500\"}", "sum by (job) (rate(http_requests_total[5m]))", "odd",
            "odd_labels", "odd * 2", "1/0", "-1/0", "0/0", "1e300", "1e-300", "12345678.9", "vector(1e-7)",
            "vector(1e21)", "vector(123456789012345680000)", "time()", "\"a<b>&'\\\"\"", "ended", "absent(nothing)",
            "http_requests_total{job=\"api\",code=\"200\"}[1m]", "up[55s:20s]",
            "max_over_time(temperature_celsius[2m])",
            "histogram_quantile(0.9, sum by (le) (rate(latency_seconds_bucket[5m])))", "up offset 5m",
            "up @ \(first)", "count_values(\"t\", temperature_celsius)",
            "topk(1, temperature_celsius{instance=\"api-2:80\"})",
            "label_replace(up, \"short\", \"$1\", \"instance\", \"(.*):.*\")", "up == bool 1",
            "up{job=~\"a.*\"} and on(job) ended",
            "sort_desc(sum by (instance) (http_requests_total))", "quantile(0.5, temperature_celsius)", "nothing",
            "{__name__=~\"odd.*\"}", "avg without (instance, code) (http_requests_total)",
            "http_requests_total / on(instance) group_left temperature_celsius",
        ]
        return queries.map { .get("query", [("query", $0), ("time", time)]) } + [
            .post("query", [("query", "sum(up)"), ("time", time)]),
            .get("query", [("query", "up"), ("time", time + ".5")]),
            .get("query", [("query", "time()"), ("time", "2026-01-02T03:04:05.678Z")]),
            .get("query", [("query", "time()"), ("time", "2026-01-02T03:04:05+02:00")]),
            .get("query", [("query", "up"), ("time", time), ("timeout", "30s")]),
            .get("query", [("query", "up"), ("time", time), ("timeout", "5")]),
            .get("query", [("query", "up"), ("time", time), ("lookback_delta", "-1")]),
            .get("query", [("query", "up"), ("time", time), ("limit", "2")], .other(.limitsCameLater, status: 200)),
        ]
    }

    private var rangeQueries: [APICase] {
        let queries = [
            "up", "rate(http_requests_total[2m])", "odd", "vector(1)", "3", "sum(temperature_celsius)", "ended",
            "nothing",
            "-http_requests_total", "histogram_quantile(0.5, rate(latency_seconds_bucket[1m]))", "time()",
        ]
        return queries.map {
            .get("query_range", [("query", $0), ("start", first), ("end", last), ("step", "60")])
        } + [
            .post("query_range", [("query", "up"), ("start", first), ("end", last), ("step", "1m30s")]),
            .get(
                "query_range", [("query", "up"), ("start", first + ".25"), ("end", last), ("step", "0.5m")],
                .same),
            .get("query_range", [("query", "up"), ("start", first), ("end", first), ("step", "1")]),
            .get("query_range", [("query", "up @ end()"), ("start", first), ("end", last + ".7"), ("step", "60")]),
            .get("query_range", [("query", "vector(1)"), ("start", "0"), ("end", "11000"), ("step", "1")]),
            .get("query_range", [("query", "vector(1)"), ("start", "0"), ("end", "11001"), ("step", "1")]),
            .get("query_range", [("query", "odd"), ("start", first), ("end", last), ("step", "17.125")]),
        ]
    }

    private var badQueries: [APICase] {
        let range: (String, String, String) -> [(name: String, value: String)] = {
            [("query", "up"), ("start", $0), ("end", $1), ("step", $2)]
        }
        return [
            .get("query"), .get("query", [("query", "up{")], .sameError(.wordsOfTheParser)),
            .get("query", [("query", "sum(up[5m])"), ("time", time)], .sameError(.wordsOfTheParser)),
            .get("query", [("query", "group_left")], .sameError(.wordsOfTheParser)),
            .get("query", [("query", "nosuch(up)")], .sameError(.wordsOfTheParser)),
            .get("query", [("query", "up"), ("time", "yesterday")], .sameError(.wordsOfTheParser)),
            .get("query", [("query", "up"), ("timeout", "soon")]),
            .get("query", [("query", "up + on(job) up"), ("time", time)], .sameError(.wordsOfTheParser)),
            .raw("/api/v1/query", "query=%zz", .sameError(.brokenFormsAreRefused)),
            .raw("/api/v1/query", "query=1&time=NaN", .other(.notANumber, status: 400)),
            .get("query_range", [("query", "up")]), .get("query_range", range("5", "1", "1")),
            .get("query_range", range("1", "2", "0")), .get("query_range", range("1", "2", "-5")),
            .get("query_range", range("1", "2", "x")), .get("query_range", range("1", "200000", "1")),
            .get("query_range", range("1", "x", "1")), .get("query_range", range("1", "2", "")),
            .get("query_range", range("NaN", "2", "1"), .other(.notANumber, status: 400)),
            .get("query_range", range("1", "1e300", "1"), .other(.overflow, status: 400)),
            .get("query_range", range("1", "2", "1e300")),
            .get("query_range", [("start", "1"), ("end", "2"), ("step", "1")], .sameError(.parametersAreNamed)),
            .get(
                "query_range", [("query", "up[5m]"), ("start", "1"), ("end", "2"), ("step", "1")],
                .sameError(.wordsOfTheParser)),
        ]
    }

    private var series: [APICase] {
        let span = [(name: "start", value: first), (name: "end", value: last)]
        let scopes: [[(name: String, value: String)]] = [
            [("match[]", "up")], [("match[]", "up"), ("match[]", "odd_labels")],
            [("match[]", "http_requests_total{code=~\"4..|5..\"}"), ("match[]", "http_requests_total{job=\"db\"}")],
            [("match[]", "{job!=\"api\",__name__=~\".+\",__name__!~\"evenkeel.*|process.*|http.*\"}")],
            [("match[]", "nothing")],
        ]
        let labels = ["job", "instance", "code", "__name__", "le", "uni", "nothing"]
        return scopes.flatMap { scope -> [APICase] in
            [
                .get("series", scope + span), .get("labels", scope + span), .post("series", scope + span),
                .get("label/job/values", scope + span), .get("label/__name__/values", scope + span),
            ]
        }
            + labels.map {
                .get(
                    "label/\($0)/values", [("match[]", "{__name__=~\".+\",__name__!~\"evenkeel.*|process.*\"}")] + span)
            } + [
                .post("labels", [("match[]", "up")] + span),
                .get(
                    "series", [("match[]", "up"), ("start", "2020-01-01T00:00:00Z"), ("end", "2020-01-02T00:00:00Z")]),
                .get("label/job/values", [("match[]", "up"), ("start", first + ".5"), ("end", last + ".5")]),
                .get("series", [("match[]", "up"), ("limit", "2")] + span, .other(.limitsCameLater, status: 200)),
                .get("labels", [("match[]", "up"), ("limit", "2")] + span, .other(.limitsCameLater, status: 200)),
            ]
    }

    private var badSeries: [APICase] {
        [
            .get("series"), .get("series", [("match[]", "up{")], .sameError(.wordsOfTheParser)),
            .get("series", [("match[]", "{}")], .sameError(.selectorsAreChecked)),
            .get("series", [("match[]", "rate(up[5m])")], .sameError(.selectorsAreChecked)),
            .get("labels", [("match[]", "up{")], .sameError(.parametersAreNamed)),
            .get("labels", [("start", "x")], .sameError(.wordsOfTheParser)),
            .get("label/0a/values", [], .other(.anyNameIsALabel, status: 200)),
            .raw("/api/v1/series", "match[]=%zz", .sameError(.brokenFormsAreRefused)),
        ]
    }

    private var language: [APICase] {
        let long = "sum by (job, instance) (rate(http_requests_total{code=\"500\",job=\"api\"}[5m]))"
        let queries = [
            "foo/bar", "sum(up)by(job)", "up[5m]offset 1m", "\(long)/\(long)", "(\(long)*100>5)or vector(0)",
            "histogram_quantile(0.9,sum by(le,job,instance)(rate(latency_seconds_bucket{job=\"api\",le!=\"+Inf\"}[10m])))",
            "-\(long)", "topk(3,\(long) unless on(job,instance) \(long))", "max_over_time(\(long)[1h:5m])",
            "label_replace(\(long),\"a\",\"$1\",\"job\",\"(.*)\")",
        ]
        return queries.map { .get("format_query", [("query", $0)]) } + [
            .post("format_query", [("query", "a+b")]),
            .get("format_query", [("query", "a+")], .sameError(.wordsOfTheParser)),
            .get("format_query"),
            .get("parse_query", [("query", "up")], .other(.moreIsKnown, status: 200)),
        ]
    }

    private var listings: [APICase] {
        [
            .get("rules"), .get("rules", [("type", "alert")]), .get("rules", [("type", "record")]),
            .get("rules", [("type", "both")]), .get("alerts"), .get("alertmanagers"),
            .get("targets", [("state", "nonsense")], .other(.moreIsKnown, status: 200)),
            .get("targets/metadata"), .get("targets/metadata", [("limit", "x")]),
            .get("metadata", [("metric", "nothing")]), .get("metadata", [("limit", "x")]),
            .get("metadata", [("limit", "0")]), .get("status/walreplay"),
            .get("query_exemplars", [("query", "up"), ("start", first), ("end", last)]),
            .get("query_exemplars", [("query", "up"), ("start", "5"), ("end", "1")]),
            .get("query_exemplars", [("query", "up{")], .sameError(.wordsOfTheParser)),
        ]
    }

    private var other: [APICase] {
        [
            .raw("/api/v1/nosuch", nil), .raw("/nosuch", nil), .raw("/api/v1/", nil),
            APICase(method: .put, path: "/api/v1/query"), APICase(method: .delete, path: "/api/v1/labels"),
            APICase(method: .post, path: "/api/v1/label/job/values"), APICase(method: .post, path: "/api/v1/rules"),
            APICase(method: .put, path: "/-/ready"), APICase(method: .post, path: "/federate"),
            APICase(path: "/api/v1/write"),
            .raw("/federate", "match[]=up{", .sameError(.parametersAreNamed)),
        ]
    }
}
