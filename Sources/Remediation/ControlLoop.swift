import FleetModel
import HostRuntime
import Placement
import RulePacks

/// The control round as a synchronous value: events go in, actions come out, in order. It turns what rules find into
/// tips, tips into plans, approved plans into operations on hosts, and closes a tip because a measurement says so.
///
/// What must survive is in a `.commit` before anything that rests on it. Since the loop is a value, a shell works on a
/// copy and keeps it only when the commit went through:
///
/// ```swift
/// var next = loop
/// for action in next.receive(event) { try await carryOut(action) }
/// loop = next
/// ```
public struct ControlLoop: Sendable {
    /// What the loop keeps to.
    public let settings: ControlSettings

    /// A loop that knows nothing; its first event is `.restored`.
    public init(settings: ControlSettings = ControlSettings()) {
        self.settings = settings
    }

    /// Takes one event and says what to do about it.
    public mutating func receive(_ event: ControlEvent) -> [ControlAction] {
        []
    }
}
