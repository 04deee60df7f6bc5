import FleetModel

/// The samples that are in memory and in the log, but not yet in a block file.
///
/// Samples in order go to slabs, sixteen at a time. A sample that comes late, or so much later than the one before that
/// its distance does not fit a slab, is a stray and kept in a sorted column beside.
struct Head: Sendable {
    /// What is in memory of one series.
    struct Entry: Sendable {
        var first: UInt32 = 0
        var last: UInt32 = 0
        /// How many samples lie in slabs.
        var count: UInt32 = 0
    }

    private(set) var arena = SampleArena()
    private(set) var entries: [Entry] = []
    private var strays: [UInt32: Strays] = [:]
    private var strayCount = 0
    private(set) var sampleCount = 0
    /// When the first sample came in, by the store's clock; `nil` while there is none.
    var began: Int64?
    /// The oldest and newest time of any sample.
    private(set) var oldest = Int64.max
    private(set) var newest = Int64.min

    /// How many bytes of memory it holds, roughly.
    var memory: Int {
        arena.memory + entries.capacity * MemoryLayout<Entry>.stride + strays.count * 200 + strayCount * 24
    }

    /// Makes room for series up to a number.
    mutating func extend(to seriesCount: Int) {
        guard entries.count < seriesCount else { return }
        entries.append(contentsOf: repeatElement(Entry(), count: seriesCount - entries.count))
    }

    /// Gives every series a new number: its place in `kept`, which lists the old ones in ascending order. Memory holds
    /// nothing of the others.
    mutating func renumber(_ kept: [UInt32]) {
        for (place, series) in kept.enumerated() {
            entries[place] = entries[Int(series)]
            if let columns = strays.removeValue(forKey: series) { strays[UInt32(place)] = columns }
        }
        entries.removeLast(entries.count - kept.count)
    }

    /// Adds a sample that is newer than all samples of its series.
    @inline(__always)
    mutating func append(_ series: UInt32, time: Int64, value: Double) {
        var entry = entries[Int(series)]
        let slot = Int(entry.count) % Slab.capacity
        if slot == 0 {
            let slab = arena.allocate(time: time, value: value)
            if entry.count == 0 {
                entry.first = slab
            } else {
                unsafe arena.pointer(entry.last).pointee.next = slab
            }
            entry.last = slab
        } else {
            let slab = unsafe arena.pointer(entry.last)
            guard let distance = unsafe UInt32(exactly: time - slab.pointee.base) else {
                insertStray(series, time: time, value: value)
                return
            }
            unsafe slab.pointee.times[slot] = distance
            unsafe slab.pointee.values[slot] = value
        }
        entry.count += 1
        entries[Int(series)] = entry
        note(time)
    }

    @inline(__always)
    private mutating func note(_ time: Int64) {
        sampleCount += 1
        if time > newest { newest = time }
        if time < oldest { oldest = time }
    }

    /// The value that came late for a series at a time, if any.
    func stray(of series: UInt32, at time: Int64) -> Double? { strays.isEmpty ? nil : strays[series]?.value(at: time) }

    /// The newest time of what came late for a series; `nil` where nothing did.
    func newestStray(of series: UInt32) -> Int64? { strays[series]?.columns.times.last }

    /// What came in order for a series.
    func inOrder(_ series: UInt32) -> SampleColumns {
        var columns = SampleColumns()
        guard Int(series) < entries.count else { return columns }
        let entry = entries[Int(series)]
        HeadSeries(first: entry.first, count: entry.count, strays: nil).read(
            from: .min, through: .max, arena: arena, into: &columns)
        return columns
    }

    /// Adds a sample that is not newer than all samples of its series and not there yet.
    mutating func insertStray(_ series: UInt32, time: Int64, value: Double) {
        strays[series, default: Strays()].insert(time, value)
        strayCount += 1
        note(time)
    }

    /// What memory holds of a series now; the samples are read later, without the store's lock.
    func snapshot(of series: UInt32) -> HeadSeries {
        let entry = Int(series) < entries.count ? entries[Int(series)] : Entry()
        return HeadSeries(
            first: entry.first, count: entry.count, strays: strays.isEmpty ? nil : strays[series]?.columns)
    }
}

/// What memory held of one series at a moment.
struct HeadSeries: Sendable {
    let first: UInt32
    let count: UInt32
    let strays: SampleColumns?

    /// Whether there is nothing.
    var isEmpty: Bool { count == 0 && strays == nil }

    /// Appends the samples inside a span to `columns`, in order of time.
    func read(from start: Int64, through end: Int64, arena: SampleArena, into columns: inout SampleColumns) {
        let before = columns.count
        // Both columns are filled at once, for which each has to be a variable of its own.
        var (times, values) = (columns.times, columns.values)
        columns = SampleColumns()
        times.append(contentsOf: repeatElement(0, count: Int(count)))
        values.append(contentsOf: repeatElement(0, count: Int(count)))
        let found = readSlabs(from: start, through: end, arena: arena, into: &times, &values, at: before)
        times.removeLast(Int(count) - found)
        values.removeLast(Int(count) - found)
        columns = SampleColumns(times: times, values: values)
        if let strays {
            for place in strays.times.indices where strays.times[place] >= start && strays.times[place] <= end {
                columns.append(strays.times[place], strays.values[place])
            }
            columns.restoreOrder(from: before)
        }
    }

    /// Puts the samples of slabs inside a span to a place where there is room for all; returns how many.
    private func readSlabs(
        from start: Int64, through end: Int64, arena: SampleArena, into timeColumn: inout [Int64],
        _ valueColumn: inout [Double], at place: Int
    ) -> Int {
        var times = timeColumn.mutableSpan
        var values = valueColumn.mutableSpan
        var next = place
        var remaining = Int(count)
        var slab = first
        while remaining > 0 {
            let filled = min(remaining, Slab.capacity)
            let pointer = unsafe arena.pointer(slab)
            let base = unsafe pointer.pointee.base
            let last = unsafe base + Int64(pointer.pointee.times[filled - 1])
            if base > end { break }
            if last >= start {
                for slot in 0..<filled {
                    let time = unsafe base + Int64(pointer.pointee.times[slot])
                    if time < start || time > end { continue }
                    times[next] = time
                    values[next] = unsafe pointer.pointee.values[slot]
                    next += 1
                }
            }
            remaining -= filled
            if remaining > 0 { slab = unsafe pointer.pointee.next }
        }
        return next - place
    }
}

extension SampleColumns {
    /// The index of a time, if it is there.
    func place(of time: Int64) -> Int? {
        var low = 0
        var high = times.count
        while low < high {
            let middle = (low + high) / 2
            if times[middle] < time { low = middle + 1 } else { high = middle }
        }
        return low < times.count && times[low] == time ? low : nil
    }

    /// Sorts by time what begins at an index, if it is out of order there or before; of samples of one time the first
    /// counts.
    mutating func restoreOrder(from start: Int) {
        var place = max(start, 1)
        while place < times.count, times[place] > times[place - 1] { place += 1 }
        // Everything before `place` ascends; usually that is everything.
        guard place < times.count else { return }
        let order = times.indices.sorted { (times[$0], $0) < (times[$1], $1) }
        var sorted = SampleColumns()
        for index in order where sorted.times.last != times[index] { sorted.append(times[index], values[index]) }
        self = sorted
    }
}
