import FleetModel
import Testing

@testable import Counters

@Suite("Native names with labels")
struct NativeSelectorTests {
    @Test func `labels select series`() throws {
        let request = try CounterRequest(
            parsing: #"evenkeel_lp_run_seconds_total{lp="0", mode="guest"}"#, hostName: "host")
        #expect(request == .native(CounterTerm(.logicalProcessorRun, ["lp": "0", "mode": "guest"])))
        #expect(
            try CounterRequest(parsing: "evenkeel_host_load", hostName: "host") == .native(CounterTerm(.load)))
        #expect(
            try CounterRequest(parsing: "evenkeel_host_load{}", hostName: "host") == .native(CounterTerm(.load)))
    }

    @Test(arguments: [
        ("evenkeel_host_load{", 20, "a closing brace is missing"),
        (#"evenkeel_host_load{window="1m""#, 31, "a closing brace is missing"),
        (#"evenkeel_host_load{window="1m}"#, 31, "a quotation mark is missing"),
        (#"evenkeel_host_load{} "#, 21, "nothing may follow the labels"),
        (
            #"evenkeel_host_load{window=~"1m"}"#, 26,
            #"expected label="value"; what is more than that, evenkeel query evaluates"#
        ),
    ])
    func `what is wrong is named with its column`(_ text: String, _ column: Int, _ reason: String) {
        #expect(throws: CounterError.counterPath(text: text, column: column, reason: reason)) {
            try CounterRequest(parsing: text, hostName: "host")
        }
    }

    @Test func `a slip of the pen is corrected`() {
        let error = #expect(throws: CounterError.self) {
            try CounterRequest(parsing: "evenkeel_host_laod{}", hostName: "host")
        }
        #expect(error?.description.contains("did you mean evenkeel_host_load?") == true)
    }
}
