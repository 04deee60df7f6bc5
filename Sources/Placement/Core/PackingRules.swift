/// What makes a placement allowed and good beyond what bins can hold: the plug-in of the solver core. The solver is
/// generic over it, so that a rule costs what it does and nothing more.
///
/// All costs are whole units in one scale; less is better.
public protocol PackingRules: ~Copyable {
    /// Cost of a bin that holds `load`.
    func cost(ofBin bin: Int, holding load: LoadView) -> Int64
    /// Whether an item may go from one bin to another, both different; room is checked elsewhere.
    func allows(_ item: Int, from: Int, to: Int) -> Bool
    /// Whether two items of different bins may change places.
    func allowsSwap(_ first: Int, at firstBin: Int, _ second: Int, at secondBin: Int) -> Bool
    /// What a move costs or saves apart from the bins' own costs.
    func costChange(of item: Int, from: Int, to: Int) -> Int64
    /// What a swap costs or saves apart from the bins' own costs.
    func costChangeOfSwap(_ first: Int, at firstBin: Int, _ second: Int, at secondBin: Int) -> Int64
    /// The item has moved.
    mutating func moved(_ item: Int, from: Int, to: Int)
}
