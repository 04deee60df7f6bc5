import FleetModel
import FoundationEssentials

/// How things are written for a person.
extension Timestamp {
    /// `2026-11-23T15:04:05Z`.
    var text: String {
        Date(timeIntervalSince1970: seconds.rounded(.down)).formatted(.iso8601)
    }
}

extension Duration {
    /// `90 s`, `5 min`, `3 h`.
    var text: String {
        let seconds = Int64(inSeconds.rounded())
        if seconds < 120 { return "\(seconds) s" }
        return seconds < 7200 ? "\(seconds / 60) min" : "\(seconds / 3600) h"
    }
}

extension Double {
    /// A share of a whole as `75 %`.
    var percent: String { isFinite && magnitude < 1e6 ? "\(Int((self * 100).rounded())) %" : "an unknown share" }
}

extension PlannedAction {
    /// `web-3 from h1 to h2`.
    var text: String {
        switch kind {
        case .migrate(_, let source, let destination): "\(virtualMachineName) from \(source) to \(destination)"
        case .step(let task, let host): "\(task.verb ?? "step") \(virtualMachineName) on \(host)\(task.detail)"
        case .plugIn(let call, let subject): "\(call.text) for \(subject.name)"
        }
    }
}

extension HostTask {
    /// What belongs to the step besides its verb.
    fileprivate var detail: String {
        switch self {
        case .start: ", and start it"
        case .stop(_, force: true): ", by force"
        case .resize(_, let processors, let memory):
            ": "
                + [processors.map { "\($0) VPs" }, memory.map { "\($0) of memory" }].compactMap(\.self)
                .joined(separator: ", ")
        case .balloon(_, let size): ": \(size)"
        case .snapshot(_, let folder): ": to \(folder)"
        default: ""
        }
    }

    /// What the host was told, in a few words.
    var text: String {
        switch self {
        case .define: "to take the VM's definition"
        case .start, .launch: "to start the VM"
        case .pause: "to pause the VM"
        case .resume: "to let the VM go on"
        case .save: "to save the VM to disk"
        case .restore: "to restore the VM"
        case .resize: "to resize the VM"
        case .balloon: "to set the VM's balloon"
        case .snapshot: "to copy the VM's disks"
        case .openConsole: "to open the VM's console"
        case .load: "to load what was saved of the VM"
        case .recover: "to start the VM anew"
        case .stop: "to stop the VM"
        case .remove: "to remove the VM"
        case .prepareIncoming: "to wait for the VM"
        case .send: "to send the VM"
        case .inspect: "how the VM is"
        case .releaseSource: "to release the VM that it handed over"
        case .abandonIncoming: "to give up waiting for the VM"
        case .cancelSend: "to stop sending the VM"
        case .resumeSource: "to let the VM go on there"
        }
    }
}
