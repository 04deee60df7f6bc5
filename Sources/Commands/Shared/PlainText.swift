/// Texts that come from elsewhere (names, reasons, log lines), made safe for a terminal.
enum PlainText {
    /// `text` with every control character but the line feed replaced: they would move the cursor, rewrite what stands
    /// above, or ring the bell.
    static func harmless(_ text: String) -> String {
        replacing(text) { $0 == "\n" }
    }

    /// `text` on one line.
    static func oneLine(_ text: String) -> String {
        replacing(text) { _ in false }
    }

    private static func replacing(_ text: String, keeping isKept: (Unicode.Scalar) -> Bool) -> String {
        let scalars = text.unicodeScalars.map { scalar in
            scalar.properties.generalCategory == .control && !isKept(scalar) ? "?" : scalar
        }
        return String(String.UnicodeScalarView(scalars))
    }
}
