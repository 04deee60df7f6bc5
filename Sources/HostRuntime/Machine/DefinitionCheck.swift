import FleetModel
import Glibc

/// What a definition must keep to before QEMU sees any of it.
enum DefinitionCheck {
    /// Throws for the first field that cannot be run on this host; `storage` as in ``RuntimeConfiguration``.
    static func check(
        _ definition: VirtualMachineDefinition, storage: [String] = []
    ) throws(HostRuntimeError) {
        guard (1...255).contains(definition.virtualProcessors) else {
            throw .definition(field: "virtualProcessors", problem: "\(definition.virtualProcessors) is not 1 to 255")
        }
        let memory = definition.memory.count
        guard memory >= 1 << 20, memory <= 1 << 44, memory % (1 << 20) == 0 else {
            throw .definition(field: "memory", problem: "\(memory) bytes is not a whole number of MiB, 1 MiB to 16 TiB")
        }
        try checkWord(definition.machine, field: "machine", extra: "")
        // A CPU model may switch features on and off: `qemu64,+ssse3`.
        try checkWord(definition.processorModel, field: "processorModel", extra: ",+=")
        let storage = StorageFolders(storage)
        func checkFile(_ path: String, field: String) throws(HostRuntimeError) {
            try self.checkFile(path, field: field)
            if let problem = storage.objection(to: path) { throw .definition(field: field, problem: problem) }
        }
        if let firmware = definition.firmware { try checkFile(firmware, field: "firmware") }
        if let kernel = definition.kernel {
            try checkFile(kernel.image, field: "kernel.image")
            if let disk = kernel.initialRAMDisk { try checkFile(disk, field: "kernel.initialRAMDisk") }
            guard !kernel.commandLine.utf8.contains(0) else {
                throw .definition(field: "kernel.commandLine", problem: "it contains a zero byte")
            }
        }
        for (place, disk) in definition.disks.enumerated() {
            let field = "disks[\(place)].path"
            try checkFile(disk.path, field: field)
            if disk.format == .qcow2, let problem = storage.objection(toChainOf: disk.path) {
                throw .definition(field: field, problem: problem)
            }
        }
    }

    private static func checkWord(_ text: String, field: String, extra: String) throws(HostRuntimeError) {
        let allowed = Set("._-".utf8).union(extra.utf8)
        let isWord = text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                || allowed.contains(byte)
        }
        guard isWord, !text.isEmpty, text.utf8.count <= 200, !text.hasPrefix("-") else {
            throw .definition(field: field, problem: "'\(text)' is not a name that QEMU knows")
        }
    }

    private static func checkFile(_ path: String, field: String) throws(HostRuntimeError) {
        guard path.hasPrefix("/"), !path.utf8.contains(0) else {
            throw .definition(field: field, problem: "'\(path)' is not an absolute path")
        }
        guard unsafe access(path, R_OK) == 0 else {
            throw .definition(field: field, problem: "\(path): \(lastSystemError())")
        }
    }
}
