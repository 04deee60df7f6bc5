import FleetModel
import Patterns

/// What must hold of one label, as people write it: `level=critical`, `cluster="lab"`, `host=~"kvm.*"`, `pack!=events`,
/// `vm!~"test-.*"`. A label that is not there is empty; regular expressions match whole values.
public struct LabelCondition: Sendable {
    private let matcher: LabelMatcher
    private let pattern: Pattern?

    /// The most bytes of a condition.
    private static let longest = 1024

    /// Why a text is no condition.
    public struct Problem: Error, Hashable, CustomStringConvertible {
        /// What is wrong.
        public let description: String
    }

    /// Reads one condition.
    public init(_ text: String) throws(Problem) {
        guard text.utf8.count <= Self.longest else {
            throw Problem(description: "a condition may have \(Self.longest) bytes at the most")
        }
        let name = text.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        let rest = text[name.endIndex...]
        let known: [LabelMatcher.Comparison] = [.matches, .doesNotMatch, .notEqual, .equal]
        guard !name.isEmpty, let comparison = known.first(where: { rest.hasPrefix($0.rawValue) }) else {
            throw Problem(
                description: "'\(text)' is not a condition such as level=critical, cluster=\"lab\" or host=~\"kvm.*\"")
        }
        let value = try Self.unquoted(rest.dropFirst(comparison.rawValue.count), in: text)
        matcher = LabelMatcher(String(name), comparison, value)
        guard comparison == .matches || comparison == .doesNotMatch else {
            pattern = nil
            return
        }
        do throws(PatternError) {
            pattern = try Pattern(value)
        } catch {
            throw Problem(description: "\(error)")
        }
    }

    private static func unquoted(_ text: Substring, in whole: String) throws(Problem) -> String {
        guard text.first == "\"" else { return String(text) }
        guard text.count >= 2, text.last == "\"", !text.dropFirst().dropLast().contains("\"") else {
            throw Problem(description: "'\(whole)': a quoted value ends with one quotation mark, and has none inside")
        }
        return String(text.dropFirst().dropLast())
    }

    /// Whether it holds. An expression that is too costly on a value does not match it.
    public func holds(of labels: Labels) -> Bool {
        let value = labels[matcher.name] ?? ""
        switch matcher.comparison {
        case .equal: return value == matcher.value
        case .notEqual: return value != matcher.value
        case .matches: return matches(value)
        case .doesNotMatch: return !matches(value)
        }
    }

    private func matches(_ value: String) -> Bool { (try? pattern?.matches(whole: value)) ?? false }
}

/// A silence that is ready to be asked.
public struct ActiveSilence: Sendable {
    /// What an operator said.
    public let silence: Silence
    private let conditions: [LabelCondition]

    /// The most conditions of a silence.
    public static let mostConditions = 16

    /// Throws where it has no condition, since it would silence everything, or one that is none.
    public init(_ silence: Silence) throws(LabelCondition.Problem) {
        guard (1...Self.mostConditions).contains(silence.matchers.count) else {
            throw LabelCondition.Problem(description: "a silence has 1 to \(Self.mostConditions) conditions")
        }
        self.silence = silence
        var conditions: [LabelCondition] = []
        for text in silence.matchers { conditions.append(try LabelCondition(text)) }
        self.conditions = conditions
    }

    /// Whether it keeps a tip with `labels` quiet at `now`.
    public func holds(of labels: Labels, at now: Timestamp) -> Bool {
        now < silence.until && conditions.allSatisfy { $0.holds(of: labels) }
    }
}
