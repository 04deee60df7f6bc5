import CLibvirt
import FleetModel

/// What libvirt tells us without being asked.
enum LibvirtEvent: Hashable, Sendable {
    /// A domain started, stopped, was halted, arrived, left, was defined, or has other devices than before.
    case changed(VirtualMachineID)
    /// A source has begun another round of sending a domain's memory.
    case sending(VirtualMachineID)
    /// A source has halted a domain so that another host takes over.
    case handedOver(VirtualMachineID)
    /// A job of a domain's has ended, with what libvirt says of it.
    case jobEnded(VirtualMachineID, [Parameter])
    /// The connection is no more.
    case closed
}

/// Who wants to hear events. libvirt keeps a number for each, not a reference, so that an event that comes late for a
/// listener that has gone finds nobody.
enum LibvirtListeners {
    typealias Listener = @Sendable (LibvirtEvent) -> Void

    private static let state = Locked((next: UInt64(1), listeners: [UInt64: Listener]()))

    static func add(_ listener: @escaping Listener) -> UInt64 {
        state.withLock { state in
            defer { state.next += 1 }
            state.listeners[state.next] = listener
            return state.next
        }
    }

    static func remove(_ number: UInt64) {
        state.withLock { _ = $0.listeners.removeValue(forKey: number) }
    }

    /// Called by libvirt on the thread of the event loop. 21 is VIR_DOMAIN_EVENT_ID_JOB_COMPLETED.
    static let callback: libvirt_callback = { number, uuid, event, kind, detail, values, count in
        guard let listener = state.withLock({ $0.listeners[number] }) else { return }
        guard let uuid = unsafe uuid else { return listener(.closed) }
        guard let id = unsafe VirtualMachineID(String(cString: uuid)) else { return }
        if event == 21 {
            let values = unsafe UnsafeBufferPointer(start: values, count: Int(count))
            return listener(.jobEnded(id, unsafe values.compactMap { unsafe Parameter($0) }))
        }
        listener(LibvirtEvent(id, event: event, kind: kind, detail: detail))
    }
}

extension LibvirtEvent {
    /// What virDomainEventID, virDomainEventType and the detail of that type mean for us.
    init(_ id: VirtualMachineID, event: Int32, kind: Int32, detail: Int32) {
        switch (event, kind, detail) {
        // VIR_DOMAIN_EVENT_SUSPENDED with VIR_DOMAIN_EVENT_SUSPENDED_MIGRATED or _POSTCOPY.
        case (0, 3, 1), (0, 3, 7): self = .handedOver(id)
        // VIR_DOMAIN_EVENT_ID_MIGRATION_ITERATION.
        case (20, _, _): self = .sending(id)
        default: self = .changed(id)
        }
    }
}
