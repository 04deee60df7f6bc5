import FleetModel
import Foundation
import Logging
import RulePacks
import Testing

@testable import FleetServer

@Suite("Packs on disk") struct PackShelfTests {
    private struct Shelf {
        let parent: URL
        let shelf: PackShelf

        init() throws {
            parent = FileManager.default.temporaryDirectory.appending(path: "shelf-\(UUID().uuidString)")
            try Self.write("first", version: "1", in: parent)
            shelf = PackShelf(
                [parent.appending(path: "first").path], speed: 1, logger: Logger(label: "test"))
        }

        func write(_ name: String, version: String, rule: String = "load > 1") throws {
            try Self.write(name, version: version, rule: rule, in: parent)
        }

        static func write(_ name: String, version: String, rule: String = "load > 1", in parent: URL) throws {
            let folder = parent.appending(path: name)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let manifest = "{name: \(name), version: '\(version)', title: t, author: a, licence: l}"
            let rules = "groups: [{name: g, rules: [{alert: A, expr: '\(rule)'}]}]"
            try Data(rules.utf8).write(to: folder.appending(path: "\(name).rules.yaml"), options: .atomic)
            try Data(manifest.utf8).write(to: folder.appending(path: "pack.yaml"), options: .atomic)
        }

        var names: [String] { shelf.packs([]).map { "\($0.name) \($0.version)" } }
    }

    private func withShelf(_ body: (Shelf) throws -> Void) throws {
        let shelf = try Shelf()
        defer { try? FileManager.default.removeItem(at: shelf.parent) }
        try body(shelf)
    }

    @Test func aFolderThatWasEmptyAtTheStartIsWatched() throws {
        let parent = FileManager.default.temporaryDirectory.appending(path: "shelf-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: parent) }
        try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
        let shelf = PackShelf([], folder: parent.path, speed: 1, logger: Logger(label: "test"))
        shelf.refresh()
        #expect(shelf.packs([]).isEmpty)
        try Shelf.write("late", version: "1", in: parent)
        shelf.refresh()
        #expect(shelf.packs([]).map(\.name) == ["late"])
    }

    @Test func aChangedPackIsTakenAndABrokenOneGoesOnAsItWas() throws {
        try withShelf { shelf in
            shelf.shelf.refresh()
            #expect(shelf.names == ["first 1"])
            try shelf.write("first", version: "2")
            shelf.shelf.refresh()
            #expect(shelf.names == ["first 2"])
            try shelf.write("first", version: "3", rule: "load >")
            shelf.shelf.refresh()
            let entry = try #require(shelf.shelf.contents.entries.first)
            #expect(entry.pack.version == "2")
            #expect(entry.problem?.contains("first.rules.yaml:1:") == true)
            try shelf.write("first", version: "4")
            shelf.shelf.refresh()
            #expect(shelf.names == ["first 4"] && shelf.shelf.contents.entries[0].problem == nil)
        }
    }

    @Test func aNewFolderIsTakenUpAndOneThatIsGoneIsLetGo() throws {
        try withShelf { shelf in
            try shelf.write("second", version: "1", rule: "(")
            shelf.shelf.refresh()
            #expect(shelf.names == ["first 1"])
            let broken = try #require(shelf.shelf.contents.broken.first)
            #expect(broken.path.hasSuffix("/second") && broken.problem.contains("second.rules.yaml"))
            try shelf.write("second", version: "1")
            shelf.shelf.refresh()
            #expect(shelf.names == ["first 1", "second 1"] && shelf.shelf.contents.broken.isEmpty)
            try FileManager.default.removeItem(at: shelf.parent.appending(path: "first"))
            shelf.shelf.refresh()
            #expect(shelf.names == ["second 1"])
        }
    }

    @Test func plainRulesAreAPackOnceTheyStandStill() throws {
        try withShelf { shelf in
            let rules = Data("groups: [{name: g, rules: [{alert: A, expr: 'load > 2'}]}]".utf8)
            try rules.write(to: shelf.parent.appending(path: "alone.yml"))
            try rules.write(to: shelf.parent.appending(path: "alone.test.yaml"))
            let folder = shelf.parent.appending(path: "plain")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try rules.write(to: folder.appending(path: "a.rules.yaml"))
            shelf.shelf.refresh()
            #expect(shelf.names == ["first 1"], "a pack.yaml may be on its way")
            try shelf.write("plain", version: "1")
            shelf.shelf.refresh()
            #expect(shelf.names.sorted() == ["alone ", "first 1", "plain 1"] && shelf.shelf.contents.broken.isEmpty)
            try FileManager.default.removeItem(at: shelf.parent.appending(path: "alone.yml"))
            shelf.shelf.refresh()
            #expect(shelf.names.sorted() == ["first 1", "plain 1"])
            #expect(PackFolders.found(in: shelf.parent.path)?.count == 2, "tests are no packs")
        }
    }

    @Test func whatIsSwitchedOffIsNotEvaluated() throws {
        try withShelf { shelf in
            #expect(shelf.shelf.packs([PackSetting(pack: "first", isEnabled: false)]).isEmpty)
            #expect(shelf.shelf.packs([PackSetting(pack: "other", isEnabled: false)]).count == 1)
        }
    }
}
