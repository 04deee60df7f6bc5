/// Finding a packing, or a proof that there is none.
extension FailurePacking {
    /// What came of looking for one.
    enum Outcome {
        /// Every ward that was open has a host.
        case packed
        /// Nothing packs them, and why.
        case impossible(ReserveCertificate)
        /// Nothing was found within the steps.
        case unknown
    }

    /// Steps of a search for one failure, at most.
    static let stepsForOne = 200_000

    /// Finds hosts for all wards that are open: the quick way, and where that finds none by a search that takes its steps
    /// from `steps`. Where it finds none for some, as many as can have hosts if it `keepsMost`, the first resource counting,
    /// and the others are lost; else all are open again. Whoever `certifies` wants to know why there is none, even where
    /// no steps are left to search.
    mutating func pack(
        _ holdings: Holdings, salt: Int, steps: inout Int, keepsMost: Bool = false, certifies: Bool = true
    ) -> Outcome {
        let open = wards.indices.filter { refuges[$0] == Self.open }
        if shelterAll(holdings, salt: salt) { return .packed }
        for place in open { release(place, holdings) }
        if keepsMost && !certifies {
            // What nothing else could run is lost whatever is tried: that takes no search.
            shelterMost(holdings, salt: salt)
            if losesAny && !losesForRoom(holdings) { return .unknown }
            for place in open { release(place, holdings) }
        }
        let looks = 4 * open.count * holdings.order.count
        guard steps > (certifies ? 0 : looks), let field = field(holdings, &steps) else {
            if keepsMost { shelterMost(holdings, salt: salt) }
            return losesAny || !keepsMost ? .unknown : .packed
        }
        let outcome = outcome(in: field, holdings, &steps)
        if case .packed = outcome { return outcome }
        if keepsMost { packMost(field, holdings, salt: salt, &steps) }
        return outcome
    }

    private mutating func outcome(
        in field: FailureField, _ holdings: Holdings, _ steps: inout Int
    ) -> Outcome {
        if let certificate = field.certificate(self, holdings) { return .impossible(certificate) }
        for isWide in [false, true] {
            var search = FailureSearch(field, steps: min(steps, Self.stepsForOne) / 2)
            search.isWide = isWide
            let before = search.steps
            let isPacked = search.packAll(&self, holdings)
            steps -= before - search.steps
            if isPacked { return .packed }
            if !search.isCut { return .impossible(.tried) }
        }
        return .unknown
    }

    private mutating func packMost(_ field: FailureField, _ holdings: Holdings, salt: Int, _ steps: inout Int) {
        shelterMost(holdings, salt: salt)
        var search = FailureSearch(field, steps: min(steps, Self.stepsForOne))
        let before = search.steps
        search.packMost(&self, holdings)
        steps -= before - search.steps
    }

    /// Looking at all hosts for each unit is dearer than a search's looks.
    private func field(_ holdings: Holdings, _ steps: inout Int) -> FailureField? {
        guard let field = FailureField(self, holdings) else { return nil }
        steps -= 4 * field.units.count * holdings.order.count
        return field
    }
}
