extension Catalogue {
    /// Opens the catalogue of a store's folder and reads it. Throws where block files are there that nobody can name the
    /// series of, since opening would have to take them for what a crash left, and remove them.
    static func open(
        _ folder: DiskFolder, synchronous: Bool
    ) throws(StoreError) -> (catalogue: Catalogue, content: Content) {
        let names = try folder.list()
        let hasBlocks = names.contains { BlockName(fileName: $0) != nil }
        if hasBlocks, !names.contains(fileName) { throw lost(folder, "it is not there") }
        do throws(StoreError) {
            if hasBlocks, try !Catalogue.isWritten(folder) { throw lost(folder, "it is empty") }
            let catalogue = try Catalogue(folder: folder.path, synchronous: synchronous)
            return (catalogue, try catalogue.read())
        } catch {
            guard hasBlocks, case .damaged(let path, let reason) = error, path == folder.path + "/" + fileName else {
                throw error
            }
            throw reason.contains(wayOut) ? error : lost(folder, reason)
        }
    }

    private static let wayOut = "restore a backup (evenkeel store restore)"

    private static func lost(_ folder: DiskFolder, _ reason: String) -> StoreError {
        .damaged(
            path: folder.path + "/" + fileName,
            reason: """
                \(reason). It names the series of all samples on disk, which nobody can read without it: \(wayOut), or \
                move it and the files blocks-*.db and rollup-*.db away to begin anew; what the log holds is taken in either way
                """)
    }

    /// Writes what could be read of a damaged catalogue to a new one, and sets the old one aside, which must be closed.
    /// `limit` is the number behind the highest that a page on disk has: none of those is given again.
    static func renew(
        _ content: inout Content, in folder: DiskFolder, ordinalLimit limit: Int, synchronous: Bool
    ) throws(StoreError) -> Catalogue {
        if content.series.count < limit {
            content.series.append(contentsOf: repeatElement([], count: limit - content.series.count))
        }
        let name = try Quarantine.setAside(fileName, in: folder)
        content.damages.append(
            .damaged(
                path: folder.path + "/" + fileName,
                reason: """
                    it is set aside as \(name), and what could be read is written anew; the samples of series that \
                    are missing, if any, come back only with a backup (evenkeel store restore)
                    """))
        let catalogue = try Catalogue(folder: folder.path, synchronous: synchronous)
        try catalogue.commit(
            newSeries: content.series, from: 0, segment: content.segment, run: content.run, files: content.files)
        return catalogue
    }
}
