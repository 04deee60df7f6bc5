import FleetModel
import FleetServer

/// How a demonstration went: all of it measured while it ran. Times are milliseconds since 1970.
struct DemoReport: Codable, Sendable {
    /// One live migration, as QEMU and as the guest saw it.
    struct Migration: Codable, Sendable {
        var vm: String
        var from: String
        var to: String
        /// From the start of sending to its end, by the source's QEMU.
        var totalMilliseconds: Int?
        /// How long the guest was halted, by the source's QEMU.
        var downtimeMilliseconds: Int?
        /// The longest time between two ticks of the guest that straddled its move.
        var guestGapMilliseconds: Int?
        /// Ticks counted on the destination after it.
        var ticksOnDestination: Int
        var began: Timestamp?
        var ended: Timestamp?

        private enum CodingKeys: String, CodingKey {
            case vm, from, to, began, ended
            case totalMilliseconds = "total_ms"
            case downtimeMilliseconds = "downtime_ms"
            case guestGapMilliseconds = "guest_gap_ms"
            case ticksOnDestination = "ticks_on_destination"
        }
    }

    /// A host before and after; shares are 0...1.
    struct Host: Codable, Sendable {
        var name: String
        var logicalProcessors: [Int]
        var processorBefore: Double?
        var processorAfter: Double?
        var memoryUsedBefore: Double?
        var memoryUsedAfter: Double?

        private enum CodingKeys: String, CodingKey {
            case name
            case logicalProcessors = "logical_processors"
            case processorBefore = "processor_before"
            case processorAfter = "processor_after"
            case memoryUsedBefore = "memory_used_before"
            case memoryUsedAfter = "memory_used_after"
        }
    }

    /// A tip of the story.
    struct Tip: Codable, Sendable {
        var number: Int64
        var level: String
        var state: String
        var subject: String
        var title: String
        var raised: Timestamp
        var approved: Timestamp?
        var approvedBy: String?
        var closed: Timestamp?

        private enum CodingKeys: String, CodingKey {
            case number, level, state, subject, title, raised, approved, closed
            case approvedBy = "approved_by"
        }
    }

    var scenario: String
    /// Whether a real migration relieved the host, as measured afterwards.
    var relieved: Bool
    /// Why not.
    var problem: String?
    var accelerator: String
    /// Why not KVM, where it is not.
    var acceleratorNotice: String?
    var overloadBegan: Timestamp?
    var tips: [Tip]
    var migrations: [Migration]
    var hosts: [Host]

    private enum CodingKeys: String, CodingKey {
        case scenario, relieved, problem, accelerator, tips, migrations, hosts
        case acceleratorNotice = "accelerator_notice"
        case overloadBegan = "overload_began"
    }
}
