import FleetModel

extension VirtualMachineStatistics.Snapshot {
    /// Reads a snapshot's description (https://libvirt.org/formatsnapshot.html); `nil` where it has no name or time.
    init?(parsing document: [UInt8]) throws(MarkupProblem) {
        let snapshot = try MarkupElement(parsing: document)
        guard snapshot.name == "domainsnapshot", let name = DomainText.plain(snapshot["name"]?.word),
            let seconds = snapshot["creationTime"]?.word.flatMap({ Int64($0) }), (0...253_402_300_799).contains(seconds)
        else { return nil }
        self.init(name: name, time: Timestamp(milliseconds: seconds * 1000))
    }
}
