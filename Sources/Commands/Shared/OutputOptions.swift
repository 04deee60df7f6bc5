import ArgumentParser
import Foundation

/// `--json`, the same on every command that prints something.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON instead of a table; times are milliseconds since 1970, null is unknown.")
    var json = false

    /// Prints `value` as JSON, or what `table` makes of it.
    func show<Value: Encodable>(_ value: Value, table: (Value) -> String) throws {
        print(json ? try JSONOutput.text(value) : PlainText.harmless(table(value)))
    }
}

/// The one way to print JSON.
enum JSONOutput {
    static func text(_ value: some Encodable, pretty: Bool = true) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = pretty ? [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes] : [.sortedKeys]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "+Inf", negativeInfinity: "-Inf", nan: "NaN")
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
