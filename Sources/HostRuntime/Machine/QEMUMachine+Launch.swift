import FleetModel
import Glibc

/// From a record to a process that takes commands.
extension QEMUMachine {
    /// How long the scope of a process that has just ended may stand in the way.
    private static let scopeLimit = Duration.seconds(5)

    /// Starts the process of `new` and waits until it takes commands. After an error a process may be left.
    func launch(_ new: MachineRecord) async throws(HostRuntimeError) {
        let scope = ServiceScope(surroundings)
        let deadline = ContinuousClock.now + Self.scopeLimit
        isLaunching = true
        defer { isLaunching = false }
        while true {
            do throws(HostRuntimeError) {
                return try await launchOnce(new, in: scope)
            } catch {
                guard case .scope(_, _, isInUse: true) = error, ContinuousClock.now < deadline else { throw error }
            }
            _ = try? await Task.sleep(for: .milliseconds(200))
        }
    }

    private func launchOnce(_ new: MachineRecord, in scope: ServiceScope?) async throws(HostRuntimeError) {
        let identifier = try await begin(new, in: scope)
        guard let handle = try ProcessHandle(identifier) else {
            throw .system(doing: "cannot hold", on: "process \(identifier)", reason: "it is gone")
        }
        process = handle
        memory.note(id, new.definition.memory)
        try update { $0.process = identifier }
        do throws(MonitorError) {
            try await monitor?.ready(within: Self.startLimit)
        } catch {
            if await handle.ended(within: .seconds(1)) {
                let lines = folder.lastLogLines()
                if let problem = scope?.problem(in: lines, qemu: host.qemu) { throw problem }
                throw .ended(status: handle.howItEnded(), log: lines)
            }
            throw .monitor(error)
        }
        try await settleIn(hasScope: scope != nil)
    }

    /// Starts the process. Our own ends of what it is passed are closed on return, so that its end shows on the connection.
    private func begin(_ new: MachineRecord, in scope: ServiceScope?) async throws(HostRuntimeError) -> Int32 {
        try folder.make()
        let passed = try LaunchDescriptors(for: new.definition, beginning(of: new), in: folder, surroundings)
        let arguments = try QEMUCommandLine.arguments(
            for: host.placed(new.definition), accelerator: new.accelerator ?? .tcg, pidFile: folder.pidFile,
            places: passed.places)
        let command = try await command(arguments, for: new.definition, in: scope)
        var new = new
        new.taps = passed.taps.isEmpty ? nil : passed.taps
        // Written before there is a process: one that is found later has a record.
        try folder.write(new)
        record = new
        endIsWanted.withLock { $0 = false }
        return try spawn(command, passing: passed.all, environment: scope?.environment ?? [:])
    }

    private func beginning(of record: MachineRecord) -> LaunchPlaces.Beginning {
        record.saved != nil ? .saved : record.incoming != nil ? .incoming : .anew
    }

    /// QEMU itself, or the program that makes a scope and then becomes QEMU.
    private func command(
        _ arguments: [String], for definition: VirtualMachineDefinition, in scope: ServiceScope?
    ) async throws(HostRuntimeError) -> [String] {
        let command = [host.qemu] + arguments
        guard let scope else { return command }
        try scope.check()
        // Paths and a kernel's command line may hold a dollar; only then is it worth a question.
        let hasDollars = arguments.contains { $0.utf8.contains(0x24) }
        let keepsDollars = hasDollars ? ServiceScope.expandsDollars(version: try await version(of: scope)) : false
        return [scope.program] + scope.arguments(for: command, definition, keepsDollars: keepsDollars)
    }

    private func version(of scope: ServiceScope) async throws(HostRuntimeError) -> String {
        let identifier = try Spawn(
            program: scope.program, arguments: ["--version"], output: try folder.newLog()
        ).start()
        if let process = try ProcessHandle(identifier) {
            if await !process.ended(within: .seconds(2)) { process.signal(SIGKILL) }
            _ = process.howItEnded()
        }
        return String(decoding: SmallFile.read(folder.log) ?? [], as: UTF8.self)
    }

    /// The sockets are made by us and passed on, and the monitor is connected to before QEMU is there: nobody has to
    /// wait for a file to appear.
    private func spawn(
        _ command: [String], passing passed: [FileDescriptor], environment: [String: String]
    ) throws(HostRuntimeError) -> Int32 {
        try connectBeforeLaunch()
        return try Spawn(
            program: command[0], arguments: Array(command.dropFirst()), output: try folder.newLog(),
            passed: passed, environment: environment, logicalProcessors: host.logicalProcessors
        ).start()
    }
}
