/// A named value, as libvirt hands out statistics (virTypedParameter).
struct Parameter: Hashable, Sendable {
    enum Value: Hashable, Sendable {
        case signed(Int64)
        case unsigned(UInt64)
        case fraction(Double)
        case truth(Bool)
        case text(String)
    }

    var name: String
    var value: Value

    init(_ name: String, _ value: Value) {
        self.name = name
        self.value = value
    }

    /// The value as a count; `nil` for one that is negative, beyond 63 bits, or no whole number.
    var count: Int64? {
        switch value {
        case .signed(let number): number >= 0 ? number : nil
        case .unsigned(let number): Int64(exactly: number)
        case .fraction, .truth, .text: nil
        }
    }

    /// The value as text.
    var text: String? {
        if case .text(let text) = value { return text }
        return nil
    }
}
