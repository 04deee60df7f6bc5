import FleetModel
import Foundation
import Logging
import RulePacks

/// The packs as they lie on disk, read again as soon as they change. A pack that became unusable goes on as it last was,
/// and says why; the others know nothing of it.
final class PackShelf: Sendable {
    /// A pack and what is known of it.
    struct Entry: Sendable {
        /// Its folder or rule file.
        var path: String
        /// As it is in force.
        var pack: RulePack
        /// Why what lies on disk now is not in force; `nil` where it is.
        var problem: String?
        /// What the files looked like when they were read.
        fileprivate var print: Fingerprint
    }

    private struct State {
        var entries: [Entry]
        /// Folders that were never usable, with what they looked like and why.
        var broken: [String: (print: Fingerprint, problem: String)] = [:]
    }

    private let state: Locked<State>
    private let speed: Double
    private let parents: [String]
    private let logger: Logger

    /// Reads the packs at `paths`; throws for the first that cannot be used. New folders beside them are taken up later.
    init(_ paths: [String], speed: Double, logger: Logger) throws {
        self.speed = speed
        self.logger = logger
        parents = Set(paths.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path }).sorted()
        state = Locked(
            State(
                entries: try paths.map { path in
                    let print = Fingerprint(path)
                    return Entry(path: path, pack: try RulePack.load(folder: path).scaled(by: speed), print: print)
                }))
    }

    /// The packs and the folders that are none, with the reasons.
    var contents: (entries: [Entry], broken: [(path: String, problem: String)]) {
        state.withLock { state in
            (state.entries, state.broken.map { ($0.key, $0.value.problem) }.sorted { $0.0 < $1.0 })
        }
    }

    /// The packs in force but for those that were switched off.
    func packs(_ settings: [PackSetting]) -> [RulePack] {
        let off = Set(settings.filter { !$0.isEnabled }.map(\.pack))
        return state.withLock { $0.entries.map(\.pack) }.filter { !off.contains($0.name) }
    }

    /// Looks whether anything on disk has changed, and takes it over. A pack is taken whole or not at all.
    func refresh() {
        let known = state.withLock { $0 }
        for entry in known.entries {
            let print = Fingerprint(entry.path)
            if print != entry.print { reload(entry, print) }
        }
        let paths = Set(known.entries.map(\.path))
        for path in parents.flatMap(Self.folders) where !paths.contains(path) {
            let print = Fingerprint(path)
            if known.broken[path]?.print != print { take(path, print) }
        }
    }

    private func reload(_ entry: Entry, _ print: Fingerprint) {
        var next = entry
        next.print = print
        if print.isGone {
            logger.notice("pack \(entry.pack.name) is gone from \(entry.path)")
            return state.withLock { state in state.entries.removeAll { $0.path == entry.path } }
        }
        do throws(RulePackError) {
            next.pack = try RulePack.load(folder: entry.path).scaled(by: speed)
            next.problem = nil
            logger.notice("pack \(next.pack.name) \(next.pack.version) is read again from \(entry.path)")
        } catch {
            next.problem = error.description
            logger.error("pack \(entry.pack.name) goes on as it was; \(entry.path) cannot be used: \(error)")
        }
        state.withLock { [next] state in
            guard let place = state.entries.firstIndex(where: { $0.path == next.path }) else { return }
            state.entries[place] = next
        }
    }

    private func take(_ path: String, _ print: Fingerprint) {
        let found: Result<RulePack, RulePackError>
        do throws(RulePackError) {
            found = .success(try RulePack.load(folder: path).scaled(by: speed))
        } catch {
            found = .failure(error)
        }
        let twin = state.withLock { state -> String? in
            switch found {
            case .success(let pack):
                if let twin = state.entries.first(where: { $0.pack.name == pack.name }) {
                    state.broken[path] = (print, "\(twin.path) is a pack of the same name, '\(pack.name)'")
                    return state.broken[path]?.problem
                }
                state.broken[path] = nil
                state.entries.append(Entry(path: path, pack: pack, print: print))
                state.entries.sort { $0.path < $1.path }
                return nil
            case .failure(let error):
                state.broken[path] = (print, error.description)
                return error.description
            }
        }
        if let twin {
            logger.error("\(path) is no pack that can be used: \(twin)")
        } else {
            logger.notice("a new pack is read from \(path)")
        }
    }

    /// The folders of packs in a folder.
    private static func folders(in parent: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
        return names.sorted().map { "\(parent)/\($0)" }.filter {
            FileManager.default.fileExists(atPath: $0 + "/pack.yaml")
        }
    }
}

/// What a pack's files look like from outside: names, sizes and times of change.
private struct Fingerprint: Equatable {
    private var files: [String: [Int64]] = [:]

    var isGone: Bool { files.isEmpty }

    init(_ path: String) {
        let names = try? FileManager.default.contentsOfDirectory(atPath: path)
        for name in names ?? [""] {
            let file = names == nil ? path : "\(path)/\(name)"
            guard names == nil || name.hasSuffix(".yaml") || name.hasSuffix(".yml"), let facts = Self.facts(file) else {
                continue
            }
            files[file] = facts
        }
    }

    private static func facts(_ path: String) -> [Int64]? {
        guard let found = try? FileManager.default.attributesOfItem(atPath: path) else { return nil }
        let size = (found[.size] as? NSNumber)?.int64Value ?? 0
        let changed = (found[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
        let node = (found[.systemFileNumber] as? NSNumber)?.int64Value ?? 0
        return [size, Int64(changed * 1e6), node]
    }
}
