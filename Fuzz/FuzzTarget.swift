/// One fuzzer: a reader of hostile bytes, what must hold for whatever it is given, and what it starts from.
///
/// The run-time library is libFuzzer (llvm.org/docs/LibFuzzer.html), which comes with the Swift toolchain. It changes
/// inputs at random, keeps those that reach new code, and stops at the first that traps, hangs, takes too much memory,
/// or breaks what `run` holds it to. `make fuzz` builds and runs it; CONTRIBUTING says how.
struct FuzzTarget: Sendable {
    let name: String
    /// Real encodings to start from, made on the fly.
    let seeds: @Sendable () throws -> [[UInt8]]
    /// Reads an input. Refusing it is fine; anything wrong ends the process.
    let run: @Sendable ([UInt8]) -> Void

    /// All of them, in the order in which `make fuzz` takes them.
    static let all: [FuzzTarget] = [
        .request, .snappy, .log, .page, .values, .buckets, .catalogue, .query, .rules, .manifest, .pattern,
        .kernel, .path, .markup, .console, .monitor, .alerts, .plugin, .policy,
    ]

    static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }
}

/// Ends the process, which libFuzzer takes for a finding, unless a thing holds that always must.
func require(_ holds: Bool, _ what: @autoclosure () -> String) {
    if !holds { fatalError(what()) }
}
