import Testing

@testable import PromQL

@Suite struct PrettyTests {
    @Test func whatFitsALineStaysOnIt() throws {
        #expect(try parse("sum(rate(up[5m]))by(job)/on(job)b").pretty == "sum by (job) (rate(up[5m])) / on (job) b")
    }

    @Test func whatIsLongIsLaidOutByItsStructure() throws {
        let text = #"""
            topk(5,sum by(host,cluster,very_long_label_name)(rate(evenkeel_lp_run_seconds_total{mode="guest"}[5m])))
            / on(host) group_left(cluster) (-quantile_over_time(0.9, evenkeel_host_memory_available_bytes{cluster="production"}[1h]))
            """#
        #expect(
            try parse(text).pretty == #"""
                  topk(
                    5,
                    sum by (host, cluster, very_long_label_name) (rate(evenkeel_lp_run_seconds_total{mode="guest"}[5m]))
                  )
                / on (host) group_left (cluster)
                  (-quantile_over_time(0.9, evenkeel_host_memory_available_bytes{cluster="production"}[1h]))
                """#)
    }

    @Test func everyLayoutReadsBackAsTheSame() throws {
        let long = "very_long_metric_name_number_one_of_many{label_one=\"value one\",label_two=\"value two\"}"
        for text in [
            "(\(long) + \(long))", "-\(long)", "max_over_time((\(long) * 2)[1h:5m] offset 1m)",
            "label_replace(\(long), \"a\", \"$1\", \"b\", \"(.*)\")", "\(long) unless ignoring(a) \(long) or \(long)",
            "count_values(\"version\", \(long) > bool \(long))",
        ] {
            let expression = try parse(text)
            #expect(try parse(expression.pretty) == expression)
            #expect(expression.pretty.contains("\n") || text.hasPrefix("-"))
        }
    }
}
