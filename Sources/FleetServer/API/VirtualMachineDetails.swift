import FleetModel
import HTTPTypes

/// Everything that is known of one VM.
public struct VirtualMachineDetails: Codable, Sendable {
    /// Its UUID.
    public var id: String
    /// Its name.
    public var name: String
    /// What it is made of.
    public var definition: VirtualMachineDefinition
    /// A row for each host that knows it, the one where its guest lives first.
    public var places: [VirtualMachineView]
    /// The version of the QEMU that runs it.
    public var emulatorVersion: String?
    /// How often it was started again after it had failed; `nil` where it never was.
    public var restarts: Int?
    /// When and why it failed last, where it was started again afterwards.
    public var lastFailure: PastFailure?
    /// How it writes to its memory.
    public var survey: MemorySurvey?
    /// The newest operations on it, newest first.
    public var operations: [OperationView]
}

extension FleetReader {
    /// How many operations of a VM are shown with it.
    private static let shownOperations = 10

    /// Everything that is known of a VM.
    func details(of id: VirtualMachineID) async throws -> VirtualMachineDetails {
        let statuses = controller.view.withLock(\.hosts).flatMap(\.report.virtualMachines)
            .filter { $0.definition.id == id }
        guard let status = statuses.first(where: \.state.ownsGuest) ?? statuses.first else {
            throw APIError(.notFound, "there is no VM \(id); see 'evenkeel vm ls'")
        }
        let rows = virtualMachines().filter { $0.id == id.text }
        let operations = try await operations().filter { $0.action.virtualMachine == id.text }
        return VirtualMachineDetails(
            id: id.text, name: status.definition.name.text, definition: status.definition,
            places: rows.filter(\.state.ownsGuest) + rows.filter { !$0.state.ownsGuest },
            emulatorVersion: status.emulatorVersion, restarts: status.restarts,
            lastFailure: status.lastFailure, survey: status.survey,
            operations: Array(operations.prefix(Self.shownOperations)))
    }
}
