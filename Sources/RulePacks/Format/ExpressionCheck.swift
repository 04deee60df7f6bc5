import PromQL

/// What this room asks of the query language: whether a text is PromQL, and the same text for faster times.
enum ExpressionCheck {
    /// Why `text` is not PromQL, with its line and column inside the expression; `nil` where it is.
    static func problem(of text: String) -> String? {
        do throws(PromQLError) {
            _ = try parse(text)
            return nil
        } catch {
            return error.description
        }
    }

    /// `text` with every span of time divided by `speed`; as it is where it is not PromQL.
    static func scaled(_ text: String, by speed: Double) -> String {
        guard speed != 1 else { return text }
        do throws(PromQLError) {
            return try parse(text).scalingDurations(by: speed).description
        } catch {
            return text
        }
    }
}
