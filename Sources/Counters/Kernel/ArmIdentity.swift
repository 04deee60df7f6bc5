/// Who made an arm64 processor and which it is: `/proc/cpuinfo` has the numbers of its register MIDR_EL1 only (Linux
/// `arch/arm64/include/asm/cputype.h`).
///
/// ```
/// CPU implementer : 0x41
/// CPU part        : 0xd0c
/// ```
struct ArmIdentity: Hashable, Sendable {
    private var implementer: Int64?
    private var part: Int64?

    private static let implementers: [Int64: String] = [
        0x41: "ARM", 0x42: "Broadcom", 0x43: "Cavium", 0x46: "Fujitsu", 0x48: "HiSilicon", 0x4e: "NVIDIA",
        0x50: "APM", 0x51: "Qualcomm", 0x61: "Apple", 0x6d: "Microsoft", 0xc0: "Ampere",
    ]

    private static let parts: [Int64: [Int64: String]] = [
        0x41: [
            0xd03: "Cortex-A53", 0xd07: "Cortex-A57", 0xd08: "Cortex-A72", 0xd0b: "Cortex-A76", 0xd0c: "Neoverse-N1",
            0xd40: "Neoverse-V1", 0xd49: "Neoverse-N2", 0xd4f: "Neoverse-V2", 0xd84: "Neoverse-V3",
            0xd8e: "Neoverse-N3",
        ],
        0x43: [0x0a1: "ThunderX", 0x0af: "ThunderX2"], 0x46: [0x001: "A64FX"], 0x48: [0xd01: "Kunpeng-920"],
        0xc0: [0xac3: "Ampere-1", 0xac4: "Ampere-1a"],
    ]

    /// The maker's name, or its number where that is not known.
    var vendor: String? {
        implementer.map { Self.implementers[$0] ?? "0x" + String($0, radix: 16) }
    }

    /// The processor's name, or its part number where that is not known.
    var model: String? {
        guard let implementer, let part else { return nil }
        return Self.parts[implementer]?[part] ?? "part 0x" + String(part, radix: 16)
    }

    /// Takes a line; the first processor's are kept.
    mutating func take(_ bytes: Span<UInt8>, _ key: Range<Int>, _ value: Range<Int>) {
        if bytes.holds("CPU implementer", in: key) {
            implementer = implementer ?? Self.number(bytes, value)
        } else if bytes.holds("CPU part", in: key) {
            part = part ?? Self.number(bytes, value)
        }
    }

    private static func number(_ bytes: Span<UInt8>, _ value: Range<Int>) -> Int64? {
        guard bytes.hasPrefix("0x", at: value.lowerBound) else { return nil }
        var place = value.lowerBound + 2
        return bytes.hexadecimal(&place)
    }
}
