import Testing

/// The judge must be able to say no.
@Suite struct ScriptRunnerTests {
    private static let data = """
        load 10s
          metric{a="x"} 1+1x10
          metric{a="y"} 2+2x10
          sparse 1 _ 3 stale _x2 5

        """

    private func outcome(_ script: String) throws -> ScriptRunner.Outcome {
        var runner = ScriptRunner()
        runner.run(try Script(Self.data + "\n" + script))
        return runner.outcome
    }

    @Test(arguments: [
        "eval instant at 10s metric\n  metric{a=\"x\"} 2\n  metric{a=\"y\"} 4",
        "eval range from 0 to 20s step 10s sparse\n  sparse 1 1 3",
        "eval instant at 30s sparse",
        "eval instant at 10s 1 + 1\n  2",
        "eval instant at 10s \"a\"\n  expect string \"a\"",
        "eval instant at 10s sum(metric) by\n  expect fail",
        "eval instant at 10s metric[10s]\n  expect range vector from 10s to 10s step 10s\n  metric{a=\"x\"} 2\n  metric{a=\"y\"} 4",
    ])
    func whatIsRightPasses(script: String) throws {
        let outcome = try outcome(script)
        #expect(outcome.failures == [])
        #expect(outcome.passed == 1)
    }

    @Test(arguments: [
        "eval instant at 10s metric\n  metric{a=\"x\"} 2",
        "eval instant at 10s metric\n  metric{a=\"x\"} 2\n  metric{a=\"y\"} 4.1",
        "eval instant at 10s metric\n  metric{a=\"x\"} 2\n  metric{a=\"z\"} 4",
        "eval instant at 10s metric{a=\"x\"}\n  {a=\"x\"} 2",
        "eval instant at 10s metric",
        "eval range from 0 to 20s step 10s sparse\n  sparse 1 _ 3",
        "eval instant at 20s sparse",
        "eval instant at 10s 1 + 1\n  3",
        "eval instant at 10s metric\n  expect fail",
        "eval instant at 10s sum(metric) by\n  expect fail msg: something else",
        "eval instant at 10s sum(metric)\n  expect warn\n  {} 6",
        "eval instant at 100s rate(metric{a=\"x\"}[1m])\n  expect no_info\n  {a=\"x\"} 0.1",
        "eval instant at 10s sort(metric)\n  expect ordered\n  metric{a=\"y\"} 4\n  metric{a=\"x\"} 2",
    ])
    func whatIsWrongFails(script: String) throws {
        let outcome = try outcome(script)
        #expect(outcome.failures.count == 1)
        #expect(outcome.passed == 0)
    }

    @Test func nativeHistogramsAreSkippedAndSaidToBe() throws {
        let outcome = try outcome("load 10s\n  h {{sum:1 count:1}}\n\neval instant at 0 count(h)\n  {} 1")
        #expect(outcome.skipped.count == 1)
    }
}
