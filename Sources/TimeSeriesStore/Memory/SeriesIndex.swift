import FleetModel
import MetricsWire

/// Which series there are: their labels, and from labels to series.
///
/// A series is known by a number that counts up from 0 and lasts as long as the process. Its identity is its labels in
/// canonical bytes, which are the bytes a well-behaved sender writes (remote write `Label` fields, sorted, minimal), so
/// that finding a known series is comparing bytes.
struct SeriesIndex: ~Copyable, Sendable {
    /// Marks "no series" among numbers.
    static let none = UInt32.max

    /// Canonical label bytes by series number.
    private(set) var identities = ByteInterner()
    /// Label names and values by symbol number.
    private var symbolBytes = ByteInterner()
    private var symbols: [String] = []
    /// Name and value symbols of all series, end to end.
    private var pairs: [UInt32] = []
    private var pairEnds: [Int] = []
    /// Where each series belongs.
    private var homes: [SeriesHome] = []
    /// Which series followed last time in a request: the best guess for what follows now.
    private var followers: [UInt32] = []
    private var postings = Postings()
    private var order = SeriesOrder()

    /// How many series are known.
    var count: Int { identities.count }

    /// How many bytes of memory the index holds, roughly.
    var memory: Int {
        identities.memory + symbolBytes.memory + symbols.count * 40 + pairs.capacity * 4 + pairEnds.capacity * 8
            + followers.capacity * 4 + homes.capacity * 12 + postings.memory + order.memory
    }

    /// The series that is likely to come after `previous` in a request.
    @inline(__always)
    func follower(of previous: UInt32) -> UInt32 {
        previous < followers.count ? followers[Int(previous)] : (followers.isEmpty ? Self.none : 0)
    }

    /// Whether the label bytes of a series are those that begin a `TimeSeries`, with samples or nothing behind them.
    @inline(__always)
    func stands(_ series: UInt32, in request: RawSpan, _ body: Range<Int>) -> Bool {
        guard series < count else { return false }
        let end = body.lowerBound + identities.length(series)
        guard end < body.upperBound, unsafe request.unsafeLoad(fromByteOffset: end, as: UInt8.self) != 0x0a else {
            return false
        }
        return identities.stands(series, in: request, at: body.lowerBound)
    }

    /// Remembers that `next` came after `previous`.
    mutating func remember(_ next: UInt32, after previous: UInt32) {
        if previous < followers.count { followers[Int(previous)] = next }
    }

    /// The series with these canonical label bytes, if it is known.
    func find(_ identity: RawSpan) -> UInt32? { identities.find(identity) }

    /// Adds a series that is not known yet. `pairs` are its labels, sorted, as they stand in `identity`.
    mutating func add(_ labels: Labels, identity: RawSpan) -> UInt32 {
        let series = identities.insert(identity)
        followers.append(series + 1)
        var home = SeriesHome()
        for pair in labels.pairs {
            let name = symbol(pair.name)
            let value = symbol(pair.value)
            pairs.append(name)
            pairs.append(value)
            postings.add(series, name: name, value: value)
            switch pair.name {
            case Labels.metricName: home.metric = value
            case "host": home.host = value
            case "cluster": home.cluster = value
            default: break
            }
        }
        pairEnds.append(pairs.count)
        homes.append(home)
        return series
    }

    private mutating func symbol(_ text: String) -> UInt32 {
        let number = unsafe symbolBytes.insert(text.utf8Span.span.bytes)
        if number == symbols.count { symbols.append(text) }
        return number
    }

    /// The labels of a series.
    func labels(of series: UInt32) -> Labels {
        let range = pairRange(of: series)
        var result: [Labels.Pair] = []
        result.reserveCapacity(range.count / 2)
        var place = range.lowerBound
        while place < range.upperBound {
            result.append(Labels.Pair(symbols[Int(pairs[place])], symbols[Int(pairs[place + 1])]))
            place += 2
        }
        return Labels(sortedUnchecked: result)
    }

    /// The symbol of the value that a series has for the label named by a symbol; `nil` where it lacks the label.
    func value(of series: UInt32, named name: UInt32) -> UInt32? {
        let range = pairRange(of: series)
        var place = range.lowerBound
        while place < range.upperBound {
            if pairs[place] == name { return pairs[place + 1] }
            place += 2
        }
        return nil
    }

    /// Where a series belongs.
    @inline(__always)
    func home(of series: UInt32) -> SeriesHome { homes[Int(series)] }

    /// The symbols of a series' labels: name, value, name, value, ...
    func symbols(of series: UInt32) -> ArraySlice<UInt32> { pairs[pairRange(of: series)] }

    private func pairRange(of series: UInt32) -> Range<Int> {
        let place = Int(series)
        return (place == 0 ? 0 : pairEnds[place - 1])..<pairEnds[place]
    }

    /// The symbol of a text, if any label uses it.
    func findSymbol(_ text: String) -> UInt32? { unsafe symbolBytes.find(text.utf8Span.span.bytes) }

    /// The text of a symbol.
    func text(of symbol: UInt32) -> String { symbols[Int(symbol)] }

    /// The series that have a label with a value, by number.
    func series(named name: UInt32, value: UInt32) -> [UInt32] { postings.series(name: name, value: value) }

    /// How many series carry a host's name.
    func count(ofHost host: String) -> Int { series(ofHost: host).count }

    /// The series that carry a host's name.
    func series(ofHost host: String) -> [UInt32] {
        guard let name = findSymbol("host"), let value = findSymbol(host) else { return [] }
        return series(named: name, value: value)
    }

    /// The values of a label that begin with a text, in the order of their bytes.
    mutating func values(of name: UInt32, startingWith prefix: String) -> ArraySlice<UInt32> {
        let all = postings.sortedValues(of: name) {
            symbols[Int($0)].utf8.lexicographicallyPrecedes(symbols[Int($1)].utf8)
        }
        if prefix.utf8.isEmpty { return all[...] }
        let start = all.partition { !symbols[Int($0)].utf8.lexicographicallyPrecedes(prefix.utf8) }
        let end = all[start...].partition { !symbols[Int($0)].utf8.starts(with: prefix.utf8) }
        return all[start..<end]
    }

    /// The values that a label has anywhere.
    func values(of name: UInt32) -> [UInt32] { postings.values(of: name) }

    /// The label names in use.
    var names: [UInt32] { postings.names }

    /// Puts series into the order of their labels.
    mutating func sort(_ series: inout [UInt32]) {
        if order.isOutdated(count) { rank() }
        order.sort(&series) {
            precedes($0, $1) { symbols[Int($0)].utf8.lexicographicallyPrecedes(symbols[Int($1)].utf8) }
        }
    }

    /// Ranks all series, by the ranks of their symbols.
    private mutating func rank() {
        let sorted = symbols.indices.sorted { symbols[$0].utf8.lexicographicallyPrecedes(symbols[$1].utf8) }
        var ranks = [UInt32](repeating: 0, count: symbols.count)
        for (rank, symbol) in sorted.enumerated() { ranks[symbol] = UInt32(rank) }
        var grown = order
        grown.rank(through: count) { precedes($0, $1) { ranks[Int($0)] < ranks[Int($1)] } }
        order = grown
    }

    /// Whether the labels of one series come before those of another.
    private func precedes(_ one: UInt32, _ other: UInt32, symbolPrecedes: (UInt32, UInt32) -> Bool) -> Bool {
        let left = pairRange(of: one)
        let right = pairRange(of: other)
        for (mine, theirs) in zip(left, right) where pairs[mine] != pairs[theirs] {
            return symbolPrecedes(pairs[mine], pairs[theirs])
        }
        return left.count < right.count
    }
}

extension RandomAccessCollection {
    /// The first place at which `isBehind` holds, of elements for which it holds from some place on.
    fileprivate func partition(_ isBehind: (Element) -> Bool) -> Index {
        var low = startIndex
        var count = self.count
        while count > 0 {
            let middle = index(low, offsetBy: count / 2)
            if isBehind(self[middle]) {
                count /= 2
            } else {
                low = index(after: middle)
                count -= count / 2 + 1
            }
        }
        return low
    }
}
