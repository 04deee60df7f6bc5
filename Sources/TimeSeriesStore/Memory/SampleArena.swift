#if canImport(Glibc)
    import Glibc
#endif

/// Sixteen samples of one series, in order. Times are kept as distances from the first one.
struct Slab {
    static let capacity = 16

    /// The time of the first sample.
    var base: Int64
    /// The slab with the samples that follow; meaningful once this one is full.
    var next: UInt32
    var times: InlineArray<16, UInt32>
    var values: InlineArray<16, Double>
}

/// A fixed piece of memory that holds slabs; it never moves, so what is filled can be read while more is filled in.
///
/// SAFETY: the writer fills a slot before it makes the count that covers it visible under the store's lock; readers only
/// read slots below a count that they saw under that lock, and a filled slot is never written again. The memory is
/// freed when the last holder is gone. It is mapped, not taken from the heap, so that it goes back to the system then.
@safe final class SlabChunk: @unchecked Sendable {
    static let capacity = 4096
    private static let bytes = capacity * MemoryLayout<Slab>.stride
    let slabs: UnsafeMutablePointer<Slab>

    init() {
        let memory = unsafe mmap(nil, Self.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let memory = unsafe memory, unsafe memory != MAP_FAILED else {
            preconditionFailure("the system has no \(Self.bytes) bytes of memory for samples")
        }
        unsafe slabs = memory.bindMemory(to: Slab.self, capacity: Self.capacity)
    }

    deinit {
        unsafe munmap(slabs, Self.bytes)
    }
}

/// Slabs by number, in chunks.
struct SampleArena: Sendable {
    private(set) var chunks: [SlabChunk] = []
    private var used = 0

    /// How many bytes of memory it holds.
    var memory: Int { chunks.count * SlabChunk.capacity * MemoryLayout<Slab>.stride }

    /// A new slab whose first sample is given.
    @inline(__always)
    mutating func allocate(time: Int64, value: Double) -> UInt32 {
        if used == chunks.count * SlabChunk.capacity { chunks.append(SlabChunk()) }
        let number = used
        used += 1
        let slab = unsafe pointer(UInt32(number))
        unsafe slab.pointee.base = time
        unsafe slab.pointee.next = 0
        unsafe slab.pointee.times[0] = 0
        unsafe slab.pointee.values[0] = value
        return UInt32(number)
    }

    @inline(__always)
    func pointer(_ number: UInt32) -> UnsafeMutablePointer<Slab> {
        let chunk = chunks[Int(number) / SlabChunk.capacity]
        return unsafe chunk.slabs + Int(number) % SlabChunk.capacity
    }
}
