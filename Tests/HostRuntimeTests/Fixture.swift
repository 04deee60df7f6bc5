import FleetModel

@testable import HostRuntime

/// A value that a test did not expect.
struct Unexpected: Error, CustomStringConvertible {
    let description: String
    init(_ value: Any) { description = "unexpected: \(value)" }
}

/// Values that many tests start from.
enum Fixture {
    static func name<Kind>(_ text: String) throws -> Name<Kind> {
        guard let name = Name<Kind>(text) else { throw Unexpected(text) }
        return name
    }

    static func definition(memory: Bytes = .mebibytes(16)) throws -> VirtualMachineDefinition {
        var generator = SystemRandomNumberGenerator()
        return VirtualMachineDefinition(
            id: .random(using: &generator), name: try name("pulse-1"), virtualProcessors: 1, memory: memory,
            accelerator: .tcg)
    }

    static func request() throws -> MigrationRequest {
        MigrationRequest(
            definition: try definition(), accelerator: .tcg, source: try name("alpha"), destination: try name("beta"),
            timeLimitSeconds: 30)
    }
}
