import FleetModel

/// The pages that were read last, up to a budget of memory, oldest out first.
final class PageCache: Sendable {
    private struct Key: Hashable {
        let run: UInt64
        let page: Int
    }

    private struct Content: Sendable {
        var pages: [Key: Page] = [:]
        var order: [Key] = []
        var oldest = 0
        var memory = 0
        var reads = 0
    }

    /// A page that could not be read.
    struct DamagedPage: Sendable {
        let file: BlockFile
        let run: Run
        let index: Int
    }

    private struct Damage: Sendable {
        var pages: [DamagedPage] = []
        var report: @Sendable () -> Void = {}
    }

    private let budget: Int
    private let content = Locked(Content())
    private let damage = Locked(Damage())

    init(budget: Int) { self.budget = budget }

    /// How many pages were read from files, and how many bytes are held.
    var figures: (reads: Int, memory: Int) { content.withLock { ($0.reads, $0.memory) } }

    /// Calls `report` whenever a page turns out to be damaged.
    func whenDamaged(_ report: @escaping @Sendable () -> Void) { damage.withLock { $0.report = report } }

    /// The pages that turned out to be damaged since this was asked last.
    func takeDamaged() -> [DamagedPage] {
        damage.withLock { damage in
            defer { damage.pages = [] }
            return damage.pages
        }
    }

    private func readPage(_ index: Int, of run: Run, in file: BlockFile) throws(StoreError) -> Page {
        do throws(StoreError) {
            return try file.page(run, index)
        } catch {
            guard case .damaged = error else { throw error }
            let report = damage.withLock { damage in
                if !damage.pages.contains(where: { $0.run === run && $0.index == index }) {
                    damage.pages.append(DamagedPage(file: file, run: run, index: index))
                }
                return damage.report
            }
            report()
            throw error
        }
    }

    /// A page of a run, read from its file when it is not held.
    func page(_ index: Int, of run: Run, in file: BlockFile) throws(StoreError) -> Page {
        let key = Key(run: run.identity, page: index)
        if let held = content.withLock({ $0.pages[key] }) { return held }
        let page = try readPage(index, of: run, in: file)
        content.withLock { content in
            content.reads += 1
            guard content.pages.updateValue(page, forKey: key) == nil else { return }
            content.order.append(key)
            content.memory += page.memory
            while content.memory > budget, content.oldest < content.order.count - 1 {
                if let gone = content.pages.removeValue(forKey: content.order[content.oldest]) {
                    content.memory -= gone.memory
                }
                content.oldest += 1
            }
            if content.oldest > 1024 {
                content.order.removeFirst(content.oldest)
                content.oldest = 0
            }
        }
        return page
    }
}
