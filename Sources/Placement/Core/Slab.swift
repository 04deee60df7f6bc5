/// A block of memory for plain values, as the solver's inner loops want it: no reference counts, no uniqueness checks,
/// and bounds that are checked in debug builds (all tests run there) and not in release builds.
///
/// Every index that reaches a slab was made by the solver itself or was checked when the problem was built
/// (`Packing.init`), so that hostile input ends there.
@safe public struct Slab<Element: BitwiseCopyable>: ~Copyable {
    private let base: UnsafeMutablePointer<Element>
    /// How many values there are.
    public let count: Int

    /// `count` times the same value.
    public init(repeating value: Element, count: Int) {
        self.count = count
        unsafe base = UnsafeMutablePointer<Element>.allocate(capacity: max(1, count))
        unsafe base.initialize(repeating: value, count: count)
    }

    /// A copy of `values`.
    public init(_ values: some Collection<Element>) {
        count = values.count
        unsafe base = UnsafeMutablePointer<Element>.allocate(capacity: max(1, count))
        var place = 0
        for value in values {
            unsafe (base + place).initialize(to: value)
            place += 1
        }
    }

    deinit { unsafe base.deallocate() }

    /// The value at `index`.
    @inline(__always)
    public subscript(index: Int) -> Element {
        get {
            assert(index >= 0 && index < count)
            return unsafe base[index]
        }
        nonmutating set {
            assert(index >= 0 && index < count)
            unsafe base[index] = newValue
        }
    }

    /// The values from `start` on, for as long as the slab lives.
    @inline(__always)
    func row(from start: Int) -> Row<Element> {
        assert(start >= 0 && start <= count)
        return unsafe Row(base: UnsafePointer(base + start))
    }

    /// Takes over the values of a slab of the same size.
    public func copy(from other: borrowing Slab<Element>) {
        assert(other.count == count)
        unsafe base.update(from: other.base, count: count)
    }

    /// The values as an array.
    public var values: [Element] {
        unsafe Array(UnsafeBufferPointer(start: base, count: count))
    }
}

/// Values next to each other inside a slab; never kept longer than the call it is made for.
@safe public struct Row<Element: BitwiseCopyable> {
    fileprivate let base: UnsafePointer<Element>

    fileprivate init(base: UnsafePointer<Element>) { unsafe self.base = base }

    /// The value at `index`.
    @inline(__always)
    public subscript(index: Int) -> Element { unsafe base[index] }
}

/// What a bin would hold: what it holds, with the needs of one item added and those of another taken away.
public struct LoadView {
    let held: Row<Int64>
    let added: Row<Int64>
    let removed: Row<Int64>

    /// Units of a resource.
    @inline(__always)
    public subscript(resource: Int) -> Int64 {
        held[resource] &+ added[resource] &- removed[resource]
    }
}
