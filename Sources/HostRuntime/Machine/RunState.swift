import FleetModel

/// QEMU's words for what a VM does (qapi/run-state.json, RunState) in ours.
enum RunState {
    static func state(_ status: String) -> VirtualMachineState {
        switch status {
        case "running": .running
        case "inmigrate": .incoming
        case "finish-migrate": .outgoing
        case "postmigrate": .handedOver
        case "paused", "prelaunch", "suspended", "debug", "save-vm", "restore-vm", "shutdown", "watchdog", "io-error",
            "internal-error", "guest-panicked":
            .paused
        default: .unknown
        }
    }

    /// What is wrong with a VM in this state; `nil` when nothing is.
    static func problem(_ status: String) -> String? {
        switch status {
        case "io-error": "halted: a disk reported an error, such as no space left"
        case "internal-error": "halted: the accelerator cannot go on with this guest"
        case "guest-panicked": "halted: the guest's kernel has panicked"
        case "watchdog": "halted: the guest's watchdog has run out"
        default: nil
        }
    }
}
