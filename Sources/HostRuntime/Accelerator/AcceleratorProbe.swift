import FleetModel
import Glibc

/// What accelerates VMs on this host, and what an operator should know about it.
public struct AcceleratorFinding: Hashable, Sendable, Codable {
    /// What `auto` means here.
    public var accelerator: Accelerator
    /// Why it is not KVM, and what to do; `nil` where it is.
    public var notice: String?

    /// A finding.
    public init(accelerator: Accelerator, notice: String? = nil) {
        self.accelerator = accelerator
        self.notice = notice
    }
}

/// Finds out whether KVM really runs guests here: it counts only if a guest of our own reaches 64-bit mode under it,
/// and works there, within a second.
struct AcceleratorProbe: Sendable {
    /// QEMU, by absolute path.
    var qemu: String
    /// A folder for the guest's image while it runs.
    var folder: String
    /// KVM's device.
    var device = "/dev/kvm"
    /// What QEMU runs the guest with; tests have it run under TCG, which reaches 64-bit mode anywhere.
    var accelerator = Accelerator.kvm
    /// The guest.
    var image = LongModeGuest.image
    /// How long the guest has.
    var limit = Duration.seconds(1)

    func find() async -> AcceleratorFinding {
        if accelerator == .kvm, let problem = deviceProblem() { return slow(problem) }
        do throws(HostRuntimeError) {
            guard let problem = try await runGuest() else { return AcceleratorFinding(accelerator: accelerator) }
            return slow(problem)
        } catch {
            return slow(error.description)
        }
    }

    /// Why KVM cannot even be asked.
    func deviceProblem() -> String? {
        let number = unsafe open(device, O_RDWR | O_CLOEXEC)
        if number >= 0 {
            close(number)
            return nil
        }
        switch errno {
        case ENOENT: return "there is no \(device): switch virtualisation on in the firmware and load the module kvm"
        case EACCES, EPERM: return "no permission to use \(device): add the agent's user to the group kvm"
        default: return "\(device) does not open: \(lastSystemError())"
        }
    }

    private func slow(_ problem: String) -> AcceleratorFinding {
        AcceleratorFinding(
            accelerator: .tcg, notice: "\(problem). VMs run without acceleration (TCG), which is many times slower")
    }

    /// `nil` when the guest arrived.
    private func runGuest() async throws(HostRuntimeError) -> String? {
        let path = "\(folder)/probe-\(getpid()).bin"
        try SmallFile.replace(path, with: image)
        defer { unsafe _ = unlink(path) }
        let output = try FileDescriptor.discarding()
        let arguments =
            [
                "-no-user-config", "-nodefaults", "-display", "none", "-no-reboot", "-machine", "pc", "-m", "size=16M",
                "-accel", accelerator.rawValue, "-cpu", "qemu64", "-bios", path,
            ] + LongModeGuest.arguments
        let identifier = try Spawn(program: qemu, arguments: arguments, output: output).start()
        guard let process = try ProcessHandle(identifier) else { return "the probe guest vanished" }
        let inTime = await process.ended(within: limit)
        if !inTime {
            process.signal(SIGKILL)
            _ = await process.ended(within: .seconds(5))
        }
        let end = process.howItEnded()
        if end == ExitStatus.text(Int32(LongModeGuest.exitCode) << 8) { return nil }
        let how = inTime ? "its QEMU ended with \(end)" : "it had not arrived after \(limit)"
        return "\(device) opens, but a 64-bit guest does not run under it (\(how))"
    }
}
