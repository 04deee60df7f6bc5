import FleetModel

/// Series that are told apart by their labels alone: two of the same labels become one, which must not have two values
/// at one step.
struct MergedSeries {
    private(set) var series: [StepSeries] = []
    private var places: [Labels: Int] = [:]

    mutating func add(_ added: StepSeries) throws(PromQLError) {
        guard let place = places[added.labels] else {
            places[added.labels] = series.count
            series.append(added)
            return
        }
        for step in added.values.indices where !StepSeries.isAbsent(added.values[step]) {
            guard StepSeries.isAbsent(series[place].values[step]) else {
                throw .evaluation(reason: "vector cannot contain metrics with the same labelset: \(added.labels)")
            }
            series[place].values[step] = added.values[step]
        }
    }
}
