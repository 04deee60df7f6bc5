import FleetModel

/// What is not well with a store, for as long as it is not.
public struct StoreCondition: Hashable, Sendable {
    /// What was found damaged when the store was opened; its samples are missing.
    public var damages: [String]
    /// Damaged files that were set aside and are still in the folder.
    public var quarantined: [String]

    /// A line for each, for a person; none where all is well.
    public var lines: [String] {
        damages + quarantined.map { "\($0) is damaged and was set aside; remove it when nobody needs it" }
    }
}

extension TimeSeriesStore {
    /// What is not well now.
    public var condition: StoreCondition {
        StoreCondition(
            damages: state.withLock { $0.damages }.map(\.description),
            quarantined: Quarantine.files((try? folder.list()) ?? []))
    }
}
