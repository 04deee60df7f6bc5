import FleetModel
import FleetServer

/// The live view: hosts with a bar for each LP by mode, VMs, tips and what was said last. Pure: numbers in, text out.
struct DemoLive {
    /// What a mode is drawn with, in the order of the bar.
    private static let modes: [(mode: String, mark: Character, colour: String)] = [
        ("guest", "#", "32"), ("virtual", "#", "32"), ("hypervisor", "=", "36"), ("root", "+", "33"),
        ("steal", "x", "35"), ("idle", ".", "90"),
    ]
    static let barWidth = 40

    var hosts: [HostView] = []
    var machines: [VirtualMachineView] = []
    var tips: [TipView] = []
    var lines: [String] = []
    var addresses: [String] = []

    /// `colours` only for a terminal.
    func text(colours: Bool, now: Timestamp) -> String {
        var out = ["Evenkeel demo   " + addresses.joined(separator: "   "), ""]
        for host in hosts { out += text(of: host, colours: colours) }
        out.append("")
        out.append("LPs:  # guest   = hypervisor   + root   x steal   . idle")
        out.append("")
        out.append(TipListCommand.table(tips.map(TipRow.init), now: now))
        out.append("")
        out += lines.suffix(10)
        return out.joined(separator: "\n")
    }

    private func text(of host: HostView, colours: Bool) -> [String] {
        let memory = "memory \(Phrases.size(host.memoryAvailable)) of \(Phrases.size(host.memory)) available"
        var out = ["\(host.name)   busy \(Phrases.percent(host.processorUse))   \(memory)"]
        for processor in host.processors {
            out.append(
                "  LP \(processor.lp)  [\(bar(processor, colours: colours))] \(Phrases.percent(processor.total))")
        }
        let running = machines.filter { $0.host == host.name && $0.state != .stopped }
        let names = running.map { machine in
            let use = machine.processorUse.map { Phrases.percent($0) } ?? Phrases.unknown
            return "\(machine.name) \(use)\(machine.state == .running ? "" : " (\(machine.state.rawValue))")"
        }
        out.append("  VMs   " + (names.isEmpty ? "none" : names.joined(separator: ", ")))
        return out
    }

    private func bar(_ processor: LogicalProcessorView, colours: Bool) -> String {
        var drawn = 0
        var sum = 0.0
        var bar = ""
        for (mode, mark, colour) in Self.modes {
            sum += processor.modes[mode] ?? 0
            let end = min(Self.barWidth, Int((sum * Double(Self.barWidth)).rounded()))
            guard end > drawn else { continue }
            let piece = String(repeating: mark, count: end - drawn)
            bar += colours ? "\u{1b}[\(colour)m\(piece)\u{1b}[0m" : piece
            drawn = end
        }
        return bar + String(repeating: " ", count: Self.barWidth - drawn)
    }
}
