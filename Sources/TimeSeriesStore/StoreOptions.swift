import FleetModel

/// What a store takes, and for how long it keeps it.
public struct StoreOptions: Sendable {
    /// How long raw samples are kept.
    public var rawRetention: Duration = .seconds(31 * 86_400)
    /// How many bytes files of raw samples may take; beyond that the oldest go first, and the newest stays. `nil` for as
    /// many as there are.
    public var rawSizeLimit: Bytes?
    /// How long rollups of five minutes are kept; zero for no rollups.
    public var rollupRetention: Duration = .seconds(2 * 365 * 86_400)
    /// How many bytes files of rollups may take, likewise.
    public var rollupSizeLimit: Bytes?
    /// How far a sample may lie behind the newest one of its series.
    public var outOfOrderWindow: Duration = .seconds(2 * 3600)
    /// How far a sample may lie in the future.
    public var futureBound: Duration = .seconds(600)
    /// How many series the store holds at most.
    public var maximumSeries = 2_000_000
    /// How many series a host has at most, by the label `host`; `nil` for no limit of its own. So a host whose VMs or
    /// labels run wild uses up nobody else's.
    public var maximumSeriesPerHost: Int?
    /// How many series a selection has at most.
    public var maximumSelectedSeries = 2_000_000
    /// How many labels a series has at most, its metric name included.
    public var maximumLabels = 64
    /// How many bytes a label's name has at most.
    public var maximumNameBytes = 512
    /// How many bytes a label's value has at most.
    public var maximumValueBytes = 4096
    /// How many bytes a request has at most, decompressed.
    public var maximumRequestBytes = 64 << 20
    /// How many samples wait in memory at most; beyond that writes are refused until the disk has taken some.
    public var maximumSamplesInMemory = 24_000_000
    /// How many bytes these samples take at most; likewise. The disk takes them at half of it.
    public var maximumHeadBytes = 2 << 30
    /// How many samples a series has on average when the memory is written to disk: more compress better and need more
    /// memory and a longer replay after a crash.
    public var samplesPerFlush = 60
    /// Below this many samples memory is written to disk only for its age.
    public var minimumFlush = 500_000
    /// Above this many samples memory is written to disk whatever the number of series, so that a replay stays short.
    public var maximumFlush = 8_000_000
    /// How old samples in memory get before they are written to disk.
    public var maximumAgeInMemory: Duration = .seconds(2 * 3600)
    /// The index is made anew when so large a share of its series is forgotten.
    public var forgottenShare = 0.2
    /// How many bytes of decoded pages are kept for the next query.
    public var pageCacheBytes = 24 << 20
    /// Whether a write waits until the disk has it. Only a simulation that loses no power may do without.
    public var synchronous = true

    /// The same without limits, for what was acknowledged under others.
    var withoutLimits: StoreOptions {
        var options = self
        (options.maximumSeries, options.maximumSeriesPerHost) = (.max, nil)
        (options.maximumLabels, options.maximumNameBytes, options.maximumValueBytes) = (.max, .max, .max)
        (options.maximumRequestBytes, options.maximumSamplesInMemory, options.maximumHeadBytes) = (.max, .max, .max)
        return options
    }

    /// The defaults, which suit a fleet of some hundred hosts.
    public init() {}
}
