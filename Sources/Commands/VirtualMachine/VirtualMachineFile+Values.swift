import ConfigurationFile
import FleetModel

/// What the values of a VM's file can be; each is a value, or the reason why the text is none.
extension VirtualMachineFile {
    static func name<Kind>(_ text: String) -> ConfigurationReader.Parsed<Name<Kind>> {
        Name<Kind>(text).map { .value($0) }
            ?? .problem(
                "'\(PlainText.oneLine(text))' is not a name: 1 to 63 letters, digits, '.', '_' and '-', the first a letter "
                    + "or a digit")
    }

    static func identity(_ text: String) -> ConfigurationReader.Parsed<VirtualMachineID> {
        VirtualMachineID(text).map { .value($0) }
            ?? .problem(
                "'\(text)' is not a UUID such as 3b0e9c52-5d4a-4c1e-9a51-2f6d0c8e7b10; leave it out for a new one")
    }

    static func text(_ text: String) -> ConfigurationReader.Parsed<String> { .value(text) }

    static func path(_ text: String) -> ConfigurationReader.Parsed<String> {
        VirtualMachineDefinition.pathObjection(text).map { .problem($0) } ?? .value(text)
    }

    static func hardwareAddress(_ text: String) -> ConfigurationReader.Parsed<String> {
        VirtualMachineDefinition.NetworkInterface.isHardwareAddress(text)
            ? .value(text.lowercased()) : .problem("'\(text)' is not a card's address such as 52:54:00:12:34:56")
    }

    static func size(_ text: String) -> ConfigurationReader.Parsed<Bytes> {
        guard let size = Bytes(parsing: text), size >= .mebibytes(1) else {
            return .problem("'\(text)' is not a size of at least 1MiB; write a whole number and MiB, GiB or TiB")
        }
        return .value(size)
    }

    static func count(_ text: String, in range: ClosedRange<Int>) -> ConfigurationReader.Parsed<Int> {
        guard let count = Int(text), range.contains(count) else {
            return .problem("'\(text)' is not a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return .value(count)
    }

    static func flag(_ text: String) -> ConfigurationReader.Parsed<Bool> {
        switch text {
        case "on", "true", "yes": .value(true)
        case "off", "false", "no": .value(false)
        default: .problem("'\(text)' is neither on nor off")
        }
    }

    static func choice<Value: RawRepresentable & CaseIterable>(
        _ text: String
    ) -> ConfigurationReader.Parsed<Value> where Value.RawValue == String {
        if let value = Value(rawValue: text) { return .value(value) }
        let known = Value.allCases.map(\.rawValue)
        let near = Spelling.nearest(to: text, among: known).map { ", did you mean \($0)?" } ?? ""
        return .problem("'\(text)' is none of \(known.joined(separator: ", "))\(near)")
    }
}
