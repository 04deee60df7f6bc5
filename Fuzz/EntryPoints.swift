import Foundation

/// The fuzzer that the environment variable `EVENKEEL_FUZZ_TARGET` names.
private let target: FuzzTarget = {
    let name = ProcessInfo.processInfo.environment["EVENKEEL_FUZZ_TARGET"] ?? ""
    guard let found = FuzzTarget.named(name) else {
        let known = FuzzTarget.all.map(\.name).joined(separator: " ")
        FileHandle.standardError.write(Data("EVENKEEL_FUZZ_TARGET must be one of: \(known)\n".utf8))
        exit(2)
    }
    return found
}()

/// Called by libFuzzer once, before the first input: writes the seeds to the folder that `EVENKEEL_FUZZ_SEEDS` names.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(
    _ count: UnsafeMutablePointer<CInt>?, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
    // Before any time is measured.
    _ = target
    guard let folder = ProcessInfo.processInfo.environment["EVENKEEL_FUZZ_SEEDS"] else { return 0 }
    do {
        for (number, seed) in try target.seeds().enumerated() {
            try Data(seed).write(to: URL(filePath: "\(folder)/seed-\(number)"))
        }
    } catch {
        FileHandle.standardError.write(Data("the seeds cannot be written: \(error)\n".utf8))
        exit(1)
    }
    return 0
}

/// Called by libFuzzer with one input after the other.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    target.run(unsafe Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}
