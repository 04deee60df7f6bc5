import FleetModel
import HTTPTypes
import Hummingbird
import Remediation

/// What operators do with VMs: look at them, make and forget them, move them, and every step between.
struct VirtualMachineRoutes {
    let controller: FleetController
    let reader: FleetReader

    func add(to router: Router<FleetRequestContext>) {
        let group = router.group("/fleet/v1")
        group.get("vms") { _, context in
            _ = try context.requireOperator()
            return try FleetJSON.response(reader.virtualMachines())
        }
        group.get("vms/:machine") { _, context in
            _ = try context.requireOperator()
            return try FleetJSON.response(try await reader.details(of: try machine(context)))
        }
        group.post("vms") { request, context in
            _ = try context.requireOperator()
            let order = try await request.decoded(as: CreationOrder.self)
            if let objection = order.definition.objection { throw APIError(.badRequest, objection) }
            let host = try order.host.map { try self.host($0) }
            return try await decide(.create(order.definition, on: host, start: order.start ?? false), context)
        }
        group.post("vms/:machine/migrate") { request, context in
            _ = try context.requireOperator()
            let order = try await request.decoded(as: MigrationOrder.self)
            let destination = try host(order.to)
            let machine = try machine(context)
            if order.method?.channels ?? 0 > 16 || order.method?.channels ?? 0 < 0 {
                throw APIError(.badRequest, "method.channels: 0 to 16")
            }
            let kind: ControlRequest.Kind =
                order.plan == true
                ? .foretell(machine, to: destination, by: order.method)
                : .migrate(machine, to: destination, by: order.method)
            return try await decide(kind, context)
        }
        addSteps(to: group)
    }

    /// A path for each step: `POST vms/V/start`, on the host where the VM is, or on that of `?host=`.
    private func addSteps(to group: RouterGroup<FleetRequestContext>) {
        add("start", Empty.self, to: group) { id, _ in .launch(id) }
        add("stop", StopOrder.self, to: group) { id, order in .stop(id, force: order.force ?? false) }
        add("pause", Empty.self, to: group) { id, _ in .pause(id) }
        add("resume", Empty.self, to: group) { id, _ in .resume(id) }
        add("save", Empty.self, to: group) { id, _ in .save(id) }
        add("restore", Empty.self, to: group) { id, _ in .restore(id) }
        add("resize", ResizeOrder.self, to: group) { id, order in
            guard order.virtualProcessors != nil || order.memory != nil else {
                throw APIError(.badRequest, "say virtualProcessors or memory, or both")
            }
            if let count = order.virtualProcessors, !(1...255).contains(count) {
                throw APIError(.badRequest, "virtualProcessors: \(count) is not 1 to 255")
            }
            return .resize(
                id, virtualProcessors: order.virtualProcessors, memory: try order.memory.map { try size($0) })
        }
        add("balloon", BalloonOrder.self, to: group) { id, order in .balloon(id, try size(order.memory)) }
        add("snapshot", SnapshotOrder.self, to: group) { id, order in
            if let reason = VirtualMachineDefinition.pathObjection(order.folder) {
                throw APIError(.badRequest, "folder: \(reason)")
            }
            return .snapshot(id, folder: order.folder)
        }
        group.delete("vms/:machine") { request, context in
            _ = try context.requireOperator()
            return try await decide(.perform(.remove(try machine(context)), on: try place(request)), context)
        }
    }

    private func add<Order: Decodable & SendableMetatype>(
        _ verb: String, _ type: Order.Type, to group: RouterGroup<FleetRequestContext>,
        _ task: @escaping @Sendable (VirtualMachineID, Order) throws -> HostTask
    ) {
        group.post("vms/:machine/\(verb)") { request, context in
            _ = try context.requireOperator()
            let order = try await request.decoded(as: Order.self)
            return try await decide(
                .perform(try task(try machine(context), order), on: try place(request)), context)
        }
    }

    private func decide(_ kind: ControlRequest.Kind, _ context: FleetRequestContext) async throws -> Response {
        try await controller.decide(kind, context) { try await reader.operation($0.operation ?? 0) }
    }

    private func machine(_ context: FleetRequestContext) throws -> VirtualMachineID {
        try reader.machine(named: context.parameters.get("machine") ?? "")
    }

    private func place(_ request: Request) throws -> HostName? {
        try request.uri.queryParameters["host"].map { try host(String($0)) }
    }

    private func host(_ text: String) throws -> HostName {
        guard let host = HostName(text) else { throw APIError(.badRequest, "'\(text)' is not a host's name") }
        return host
    }

    private func size(_ memory: Bytes) throws -> Bytes {
        guard (Bytes.mebibytes(1)...Bytes(1 << 50)).contains(memory) else {
            throw APIError(.badRequest, "memory: \(memory) is not 1 MiB to 1 PiB")
        }
        return memory
    }
}
