/// Texts that come from elsewhere (names, reasons, log lines), made safe for a terminal.
enum PlainText {
    /// `text` with every control character but the line feed replaced: they would move the cursor, rewrite what stands
    /// above, or ring the bell. So is what turns the direction of writing round, which shows a text as another one.
    static func harmless(_ text: String) -> String {
        replacing(text) { $0 == "\n" }
    }

    /// `text` on one line: what stood on another one follows after a space.
    static func oneLine(_ text: String) -> String {
        replacing(text.replacing("\n", with: " ")) { _ in false }
    }

    private static func replacing(_ text: String, keeping isKept: (Unicode.Scalar) -> Bool) -> String {
        let scalars = text.unicodeScalars.map { scalar in
            isHarmful(scalar) && !isKept(scalar) ? "?" : scalar
        }
        return String(String.UnicodeScalarView(scalars))
    }

    private static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        default: scalar.properties.isBidiControl
        }
    }
}
