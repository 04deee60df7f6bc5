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
        fileprivate var print: Print
    }

    fileprivate typealias Print = [String: PackFiles.Facts]

    private struct State {
        var entries: [Entry] = []
        /// Folders that were never usable, with what they looked like and why.
        var broken: [String: (print: Print, problem: String)] = [:]
        /// Rules without a `pack.yaml` as they were seen last: perhaps it is still being written beside them.
        var arriving: [String: Print] = [:]
    }

    private let state: Locked<State>
    private let speed: Double
    private let parents: [String]
    private let logger: Logger

    /// Reads the packs at `paths`. One that cannot be used is told of and holds up none of the others. New ones beside
    /// them, and in `folder`, are taken up later.
    init(_ paths: [String], folder: String? = nil, speed: Double, logger: Logger) {
        self.speed = speed
        self.logger = logger
        let parents = paths.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path }
        self.parents = Set(parents + (folder.map { [URL(fileURLWithPath: $0).path] } ?? [])).sorted()
        state = Locked(State())
        for path in paths { take(path, PackFiles.facts(of: path)) }
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

    /// The alerts of every pack in force, also of those that were switched off.
    var alerts: [String: Set<String>] {
        let packs = state.withLock { $0.entries.map(\.pack) }
        return Dictionary(
            packs.map { ($0.name, Set($0.groups.flatMap(\.rules).filter(\.isAlert).map(\.name))) },
            uniquingKeysWith: { $0.union($1) })
    }

    /// Looks whether anything on disk has changed, and takes it over. A pack is taken whole or not at all.
    func refresh() {
        let known = state.withLock { $0 }
        for entry in known.entries {
            let print = PackFiles.facts(of: entry.path)
            if print != entry.print { reload(entry, print) }
        }
        let paths = Set(known.entries.map(\.path))
        let found = Set(parents.flatMap { PackFolders.found(in: $0) ?? [] }).subtracting(paths)
        var arriving: [String: Print] = [:]
        for path in found.union(known.broken.keys).sorted() {
            let print = PackFiles.facts(of: path)
            if known.broken[path] == nil, print["pack.yaml"] == nil {
                arriving[path] = print
                if print.isEmpty || known.arriving[path] != print { continue }
            }
            if print.isEmpty, !FileManager.default.fileExists(atPath: path) {
                state.withLock { $0.broken[path] = nil }
            } else if known.broken[path]?.print != print {
                take(path, print)
            }
        }
        state.withLock { [arriving] in $0.arriving = arriving }
    }

    private func reload(_ entry: Entry, _ print: Print) {
        var next = entry
        next.print = print
        if print.isEmpty {
            logger.notice("pack \(entry.pack.name) is gone from \(entry.path)")
            return state.withLock { state in state.entries.removeAll { $0.path == entry.path } }
        }
        do throws(RulePackError) {
            next.pack = try RulePack.load(folder: entry.path).scaled(by: speed)
            next.problem = nil
            logger.notice("pack \(next.pack.name) \(next.pack.version) is read again from \(entry.path)")
        } catch {
            next.problem = error.description
            logger.error(
                "pack \(entry.pack.name) goes on as it was; \(entry.path) cannot be used: \(Self.plain(error.description))"
            )
        }
        state.withLock { [next] state in
            guard let place = state.entries.firstIndex(where: { $0.path == next.path }) else { return }
            state.entries[place] = next
        }
    }

    private func take(_ path: String, _ print: Print) {
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
            logger.error("\(Self.plain(path)) is no pack that can be used: \(Self.plain(twin))")
        } else {
            logger.notice("a pack is read from \(Self.plain(path))")
        }
    }

    /// Names and texts of packs in the log, where they are to pass for nothing else.
    private static func plain(_ text: String) -> String {
        let scalars = text.unicodeScalars.map { scalar in
            scalar.properties.generalCategory == .control && scalar != "\n" ? "?" : scalar
        }
        return String(String.UnicodeScalarView(scalars))
    }
}
