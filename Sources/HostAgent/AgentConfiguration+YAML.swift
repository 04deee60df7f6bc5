import ConfigurationFile
import Counters
import FleetModel
import Foundation
import HTTPDoor
import HostRuntime

extension AgentConfiguration {
    /// Reads and checks the file at `path`.
    public static func load(file path: String) throws(AgentError) -> AgentConfiguration {
        let text: String
        do throws(ConfigurationError) {
            text = try ConfigurationReader.text(ofFile: path)
        } catch {
            throw AgentError(error)
        }
        return try AgentConfiguration(yaml: text, file: path, machineName: ProcessInfo.processInfo.hostName)
    }

    /// Reads and checks YAML. `file` names it in errors and is where relative paths count from; `machineName` is the
    /// host's name where the text gives none.
    public init(yaml: String, file: String, machineName: String) throws(AgentError) {
        do throws(ConfigurationError) {
            var reader = try ConfigurationReader(yaml: yaml, file: file)
            self = try Self.read(&reader, file: file, machineName: machineName)
        } catch {
            throw AgentError(error)
        }
    }

    private static func read(
        _ reader: inout ConfigurationReader, file: String, machineName: String
    ) throws(ConfigurationError) -> AgentConfiguration {
        let givenHost: HostName? = try reader.value("host", name)
        let givenCluster: ClusterName? = try reader.value("cluster", name)
        guard let host = givenHost ?? HostName(String(machineName.prefix { $0 != "." })) else {
            let reason = "the machine's name '\(machineName)' cannot be the host's: set 'host'"
            throw ConfigurationError(place: file, reason: reason)
        }
        guard let cluster = givenCluster ?? ClusterName("default") else {
            throw ConfigurationError(place: file, reason: "set 'cluster'")
        }
        var result = AgentConfiguration(host: host, cluster: cluster)
        result.server = try reader.value("server", serverAddress) ?? result.server
        result.tokenFile = try reader.path("token_file")
        result.certificateAuthority = try reader.path("ca_file")
        result.dataFolder = try reader.path("data") ?? result.dataFolder
        result.machinesFolder = try reader.path("machines") ?? result.machinesFolder
        result.storageFolders = try reader.value("storage", folders) ?? result.storageFolders
        result.interval = try reader.value("interval", interval) ?? result.interval
        result.logicalProcessors = try reader.value("logical_processors", processors)
        result.memory = try reader.value("memory", size)
        result.accelerator = try reader.value("accelerator", acceleratorChoice) ?? result.accelerator
        result.runtime = try reader.value("runtime", runtimeChoice) ?? result.runtime
        result.emulator = try reader.path("qemu") ?? result.emulator
        result.libvirt = try reader.value("libvirt", libvirtChoice) ?? result.libvirt
        result.migrationAddress = try reader.value("migration_address", address)
        result.migrationCertificates = try reader.path("migration_tls")
        result.migrationPorts = try reader.value("migration_ports", ports)
        result.migrationBandwidth = try reader.value("migration_bandwidth", size)
        result.diskBandwidth = try reader.value("disk_bandwidth", size)
        result.sharedFolder = try reader.path("shared_folder")
        result.localDisksFolder = try reader.path("local_disks")
        result.libvirtControl = try reader.value("libvirt_control", onOrOff) ?? false
        result.libvirtMigrationAddress = try reader.value("libvirt_migration_address", libvirtAddress)
        result.spoolLimit = try reader.value("spool_limit", spoolSize) ?? result.spoolLimit
        result.metrics = try metrics(&reader)
        try reader.refuseUnknownKeys()
        if let address = result.migrationAddress, !isLoopback(address), result.migrationCertificates == nil {
            throw reader.problem(
                "migration_address",
                "\(address) is not loopback: VMs' memory crosses it only under TLS; "
                    + "set 'migration_tls' to a folder of certificates")
        }
        return result
    }

    private static func metrics(
        _ reader: inout ConfigurationReader
    ) throws(ConfigurationError) -> MetricsListener? {
        let address = try reader.value("metrics_listen", listenAddress)
        let certificate = try reader.path("metrics_tls_certificate")
        let key = try reader.path("metrics_tls_key")
        let tokenFile = try reader.path("metrics_token_file")
        guard let address else {
            let given = [
                ("metrics_tls_certificate", certificate), ("metrics_tls_key", key), ("metrics_token_file", tokenFile),
            ].first { $0.1 != nil }
            if let given { throw reader.problem(given.0, "it says nothing without 'metrics_listen'") }
            return nil
        }
        var listener = MetricsListener(address: address, tokenFile: tokenFile)
        switch (certificate, key) {
        case (let certificate?, let key?): listener.tls = TLSFiles(certificate: certificate, key: key)
        case (_?, nil): throw reader.problem("metrics_tls_certificate", "it needs 'metrics_tls_key' as well")
        case (nil, _?): throw reader.problem("metrics_tls_key", "it needs 'metrics_tls_certificate' as well")
        case (nil, nil): break
        }
        if !address.isLoopback, listener.tls == nil || tokenFile == nil {
            throw reader.problem(
                "metrics_listen",
                "beyond loopback it needs 'metrics_tls_certificate', 'metrics_tls_key' and 'metrics_token_file'")
        }
        return listener
    }

    // MARK: Values; each returns `nil` and a reason where the text does not do.

    private static func name<Kind>(_ text: String) -> ConfigurationReader.Parsed<Name<Kind>> {
        Name<Kind>(text).map { .value($0) }
            ?? .problem("'\(text)' is not a name: 1 to 63 letters, digits, '.', '_', '-', not starting with a sign")
    }

    private static func serverAddress(_ text: String) -> ConfigurationReader.Parsed<String> {
        guard let address = URLComponents(string: text), let scheme = address.scheme, let host = address.host,
            !host.isEmpty, scheme == "http" || scheme == "https"
        else { return .problem("'\(text)' is not an address such as https://server:7411") }
        guard address.path.isEmpty || address.path == "/", address.query == nil, address.fragment == nil else {
            return .problem("'\(text)' has a path; write only scheme, host and port")
        }
        if scheme == "http", !isLoopback(host) {
            return .problem(
                "'\(text)' leaves this machine without TLS; use https, and 'ca_file' for a private authority")
        }
        return .value(text.hasSuffix("/") ? String(text.dropLast()) : text)
    }

    private static func listenAddress(_ text: String) -> ConfigurationReader.Parsed<ListenAddress> {
        ListenAddress(parsing: text).map { .value($0) }
            ?? .problem("'\(text)' is not a numeric address and a port, such as 127.0.0.1:7412 or [::]:7412")
    }

    private static func interval(_ text: String) -> ConfigurationReader.Parsed<Duration> {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let milliseconds: [String: Double] = ["ms": 1, "s": 1000, "": 1000, "m": 60_000]
        guard let number = Double(digits), let unit = milliseconds[String(text.dropFirst(digits.count))],
            (100...300_000).contains(number * unit)
        else { return .problem("'\(text)' is not an interval from 100ms to 5m, such as 10s") }
        return .value(.milliseconds(Int64(number * unit)))
    }

    private static func processors(_ text: String) -> ConfigurationReader.Parsed<LogicalProcessorSet> {
        do throws(CounterError) {
            return .value(try LogicalProcessorSet(parsing: text))
        } catch {
            return .problem("\(error)")
        }
    }

    private static func size(_ text: String) -> ConfigurationReader.Parsed<Bytes> {
        guard let size = Bytes(parsing: text), size > .zero else {
            return .problem("'\(text)' is not a size; write a whole number and KiB, MiB, GiB or TiB")
        }
        return .value(size)
    }

    private static func spoolSize(_ text: String) -> ConfigurationReader.Parsed<Bytes> {
        guard let size = Bytes(parsing: text), size >= .mebibytes(8) else {
            return .problem("'\(text)' is not a size of at least 8MiB")
        }
        return .value(size)
    }

    private static func acceleratorChoice(_ text: String) -> ConfigurationReader.Parsed<AcceleratorChoice> {
        let known = AcceleratorChoice.allCases.map(\.rawValue).joined(separator: ", ")
        return AcceleratorChoice(rawValue: text).map { .value($0) } ?? .problem("'\(text)' is none of \(known)")
    }

    private static func runtimeChoice(_ text: String) -> ConfigurationReader.Parsed<RuntimeChoice> {
        // YAML's own words for the two may come as true and false.
        let word = ["true": "on", "yes": "on", "false": "off", "no": "off"][text] ?? text
        return RuntimeChoice(rawValue: word).map { .value($0) } ?? .problem("'\(text)' is none of auto, on, off")
    }

    private static func libvirtChoice(_ text: String) -> ConfigurationReader.Parsed<LibvirtChoice> {
        switch text {
        case "auto": return .value(.auto)
        case "off", "false", "no": return .value(.off)
        default:
            guard text.contains("://"), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
                return .problem("'\(text)' is none of auto, off, or an address such as qemu:///system")
            }
            return .value(.address(text))
        }
    }

    private static func onOrOff(_ text: String) -> ConfigurationReader.Parsed<Bool> {
        switch text {
        case "on", "true", "yes": .value(true)
        case "off", "false", "no": .value(false)
        default: .problem("'\(text)' is neither on nor off")
        }
    }

    private static func libvirtAddress(_ text: String) -> ConfigurationReader.Parsed<String> {
        guard text.hasPrefix("qemu+"), text.contains("://"), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            return .problem("'\(text)' is not an address of another host's libvirt, such as qemu+tls://kvm1/system")
        }
        return .value(text)
    }

    private static func ports(_ text: String) -> ConfigurationReader.Parsed<ClosedRange<UInt16>> {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
        guard ends.count == 2, let first = ends[0], let last = ends[1], first >= 1024, first <= last else {
            return .problem("'\(text)' is not a range of ports from 1024 on, such as 49152-49215")
        }
        return .value(first...last)
    }

    private static func address(_ text: String) -> ConfigurationReader.Parsed<String> {
        MigrationAddress.objection(to: text).map { .problem($0) } ?? .value(text)
    }

    /// Absolute paths, separated by commas.
    private static func folders(_ text: String) -> ConfigurationReader.Parsed<[String]> {
        let folders = text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            part.trimmingCharacters(in: .whitespaces)
        }
        for folder in folders {
            guard folder.hasPrefix("/"), !folder.utf8.contains(0), !folder.split(separator: "/").contains("..") else {
                return .problem("'\(folder)' is not an absolute path of a folder; separate several with commas")
            }
        }
        return .value(folders)
    }

    /// Whether an address stays on this machine: `localhost`, `::1`, or four numbers of which the first is 127. A name
    /// that only begins so can lead anywhere.
    private static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "::1" || host == "[::1]" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        let isNumeric = parts.allSatisfy { part in
            (1...3).contains(part.utf8.count) && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
                && UInt8(part) != nil
        }
        return parts.count == 4 && parts.first == "127" && isNumeric
    }
}
