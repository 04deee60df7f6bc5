import Foundation

/// E[(X - limit)+] of a normally distributed X, quickly: s (phi(z) - z Q(z)) with z = (limit - mean) / s, from a table
/// of phi(z) - z Q(z) with linear interpolation (error below 1e-4 of s).
struct ExcessTable: ~Copyable {
    private static let reach = 5.0
    private static let stepsPerUnit = 64.0
    private let values: Slab<Double>

    init() {
        let count = Int(Self.reach * Self.stepsPerUnit) * 2 + 2
        values = Slab(
            (0..<count).map { place in
                let z = Double(place) / Self.stepsPerUnit - Self.reach
                let density = exp(-z * z / 2) / (2 * Double.pi).squareRoot()
                return density - z * erfc(z / 2.squareRoot()) / 2
            })
    }

    @inline(__always)
    func expected(over limit: Double, _ mean: Double, _ deviation: Double) -> Double {
        if deviation <= 0 { return max(0, mean - limit) }
        let z = (limit - mean) / deviation
        if z >= Self.reach { return 0 }
        if z <= -Self.reach { return mean - limit }
        let place = (z + Self.reach) * Self.stepsPerUnit
        let index = Int(place)
        let part = place - Double(index)
        return deviation * (values[index] * (1 - part) + values[index + 1] * part)
    }
}
