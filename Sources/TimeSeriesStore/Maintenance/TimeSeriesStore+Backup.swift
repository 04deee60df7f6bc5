import FleetModel

extension TimeSeriesStore {
    /// Copies the store into a new folder while writes and queries go on. What was acknowledged before the call is in the
    /// copy; it opens like any other store.
    ///
    /// Memory goes to disk first, then the catalogue is copied, then every other file. Merges and retention wait
    /// meanwhile, so the other files only gain runs, and those that the copied catalogue does not name are removed when
    /// the copy is opened. The log is not copied: all of it that counts is in block files by then.
    ///
    /// Returns what was written, synced. When it throws, the folder is not whole and is to be thrown away.
    public func copy(to target: String, report: @escaping MaintenanceReport) async throws(StoreError) -> [StoredFile] {
        try maintenance.begin("a backup of the series")
        defer { maintenance.end() }
        if state.withLock({ $0.isClosed }) { throw .shuttingDown }
        await flusher.perform { $0.hold() }
        let result = await copyHeld(to: target, report)
        await flusher.perform { $0.release() }
        return try result.get()
    }

    private func copyHeld(
        to target: String, _ report: @escaping MaintenanceReport
    ) async -> Result<[StoredFile], StoreError> {
        do throws(StoreError) {
            try await flusher.flushAll()
        } catch {
            return .failure(error)
        }
        let source = folder
        return await maintenance.perform { () throws(StoreError) in
            let target = try DiskFolder(making: target)
            return try Self.copy(source, to: target, report)
        }
    }

    private static func copy(
        _ source: DiskFolder, to target: DiskFolder, _ report: MaintenanceReport
    ) throws(StoreError) -> [StoredFile] {
        // The catalogue first: it decides which runs of the others count.
        let databases = try source.list().filter { $0.hasSuffix(".db") && $0 != Catalogue.fileName }
        let names = [Catalogue.fileName] + databases
        var progress = MaintenanceProgress()
        progress.files = names.count
        progress.bytes = names.reduce(0) { $0 + Int64(source.size(of: $1)) }
        var files: [StoredFile] = []
        for name in names {
            let before = progress.bytesDone
            try Database.copy(source.path + "/" + name, to: target.path + "/" + name) { done, _ in
                progress.bytesDone = before + done
                return report(progress)
            }
            try target.syncFile(name)
            files.append(try StoredFile(name: name, in: target.path))
            progress.filesDone += 1
        }
        try target.syncFolder()
        _ = report(progress)
        return files
    }
}
