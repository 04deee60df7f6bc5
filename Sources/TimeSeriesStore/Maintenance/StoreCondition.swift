import FleetModel

/// What is not well with a store, for as long as it is not.
public struct StoreCondition: Hashable, Sendable {
    /// What was found damaged when the store was opened; its samples are missing.
    public var damages: [String]
    /// Damaged files that were set aside and are still in the folder.
    public var quarantined: [String]
    /// Folders with samples that a clock which was ahead wrote.
    public var ahead: [String] = []
    /// What lies in the future of the server's clock and stays; `nil` where nothing does.
    public var future: String?

    /// A line for each, for a person; none where all is well.
    public var lines: [String] {
        damages + quarantined.map { "\($0) is damaged and was set aside; remove it when nobody needs it" }
            + ahead.map {
                "the server's clock was ahead; what it wrote then is set aside in \($0), where no rule sees it; remove the "
                    + "folder when nobody needs it"
            }
            + (future.map {
                [
                    "\($0) lie in the future of the server's clock: if that was ahead then and is right now, "
                        + "/api/v1/admin/tsdb/delete_series with their times takes them out; else set the clock"
                ]
            } ?? [])
    }
}

extension TimeSeriesStore {
    /// What is not well now.
    public var condition: StoreCondition {
        let now = flusher.clock.now.milliseconds
        var condition = StoreCondition(
            damages: state.withLock { $0.damages }.map(\.description),
            quarantined: Quarantine.files((try? folder.list()) ?? []))
        let aside = SetAside(folder: folder.path)
        condition.ahead = aside.names.map(aside.path)
        condition.future = state.withLock { $0.aheadNote }.flatMap { $0.end > now ? $0.text : nil }
        return condition
    }
}
