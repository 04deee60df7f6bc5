import FleetModel
import FleetServer
import Foundation
import Testing

@testable import Commands

/// The Grafana dashboards that come with Evenkeel, asked of a real fleet: every panel has something to show.
@Suite(.serialized, .enabled(if: Built.hasQEMU, "QEMU (Debian's qemu-system-x86) is not installed"))
struct DashboardTests {
    fileprivate struct Dashboard: Decodable {
        struct Variable: Decodable {
            struct Query: Decodable { let query: String }
            let name: String
            let type: String
            let query: Query?

            private enum Keys: String, CodingKey { case name, type, query }

            init(from decoder: any Decoder) throws {
                let content = try decoder.container(keyedBy: Keys.self)
                name = try content.decode(String.self, forKey: .name)
                type = try content.decode(String.self, forKey: .type)
                query = type == "query" ? try content.decode(Query.self, forKey: .query) : nil
            }
        }
        struct Templating: Decodable { let list: [Variable] }
        fileprivate struct Panel: Decodable {
            struct Target: Decodable { let expr: String }
            struct Position: Decodable {
                let x: Int
                let y: Int
                let w: Int
                let h: Int
            }
            let id: Int
            let title: String
            let type: String
            let gridPos: Position
            let targets: [Target]?
        }
        let title: String
        let uid: String
        let schemaVersion: Int
        let templating: Templating
        let panels: [Panel]
    }

    private struct Answer: Decodable {
        struct Content: Decodable { let result: [Element] }
        struct Element: Decodable {}
        let data: Content
    }

    private static var folder: String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return root.deletingLastPathComponent().appendingPathComponent("dashboards").path
    }

    private static func dashboards() throws -> [Dashboard] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".json") }
        return try names.sorted().map { name in
            try JSONDecoder().decode(
                Dashboard.self, from: Data(contentsOf: URL(fileURLWithPath: folder + "/" + name)))
        }
    }

    @Test func dashboardsAreWhatGrafanaExpects() throws {
        let boards = try Self.dashboards()
        #expect(boards.count == 5)
        #expect(Set(boards.map(\.uid)).count == boards.count)
        for board in boards {
            #expect(board.schemaVersion >= 36)
            #expect(board.templating.list.first?.type == "datasource")
            #expect(board.templating.list.contains { $0.name == "cluster" })
            #expect(Set(board.panels.map(\.id)).count == board.panels.count)
            for panel in board.panels {
                #expect(panel.gridPos.x + panel.gridPos.w <= 24, "\(board.title): \(panel.title)")
                #expect((panel.type == "row") == (panel.targets == nil))
            }
            for (place, panel) in board.panels.enumerated() {
                let covering = board.panels[..<place].filter { $0.gridPos.overlaps(panel.gridPos) }
                #expect(covering.isEmpty, "\(board.title): \(panel.title) lies upon another panel")
            }
        }
    }

    @Test func everyPanelHasAnAnswerOnceTheDemoHasRun() async throws {
        let port = try LoopbackPort.anyFree()
        let demo = Process()
        demo.executableURL = URL(fileURLWithPath: Built.executable)
        demo.arguments = ["demo", "--port", "\(port)", "--scenario", "low-memory", "--auto"]
        demo.standardOutput = FileHandle.nullDevice
        try demo.run()
        defer {
            demo.interrupt()
            demo.waitUntilExit()
        }
        let client = ServerClient(base: "http://127.0.0.1:\(port)")
        try await Self.until("a migration and a tip have ended and the server has noted both twice") {
            let wanted = ["evenkeel_tips_ended_total", "evenkeel_migrations_total"]
            for metric in wanted {
                if try await Self.count("max(count_over_time(\(metric)[10m])) > 1", client) == 0 { return false }
            }
            return true
        }
        for board in try Self.dashboards() {
            for panel in board.panels {
                for target in panel.targets ?? [] {
                    let found = try await Self.count(Self.filled(target.expr), client)
                    #expect(found > 0, "\(board.title): \(panel.title): \(target.expr)")
                }
            }
            for variable in board.templating.list {
                guard let query = variable.query?.query else { continue }
                let values = try await Self.values(query, client)
                #expect(!values.isEmpty, "\(board.title): the variable \(variable.name)")
            }
        }
    }

    /// What Grafana puts in place of its variables when all values are chosen.
    private static func filled(_ expression: String) -> String {
        ["$__rate_interval": "1m", "$cluster": ".*", "$host": ".*", "$vm": ".*"]
            .reduce(expression) { $0.replacing($1.key, with: $1.value) }
    }

    private static func count(_ expression: String, _ client: ServerClient) async throws -> Int {
        let bytes = try await client.form("/api/v1/query", [(name: "query", value: expression)])
        return try JSONDecoder().decode(Answer.self, from: Data(bytes)).data.result.count
    }

    /// The values of `label_values(selector, label)`, asked for as an aggregation.
    private static func values(_ query: String, _ client: ServerClient) async throws -> [String] {
        let inner = query.dropFirst("label_values(".count).dropLast()
        let parts = inner.split(separator: ",")
        let label = try #require(parts.last).trimmingCharacters(in: .whitespaces)
        let selector = filled(parts.dropLast().joined(separator: ","))
        let found = try await count("count by (\(label)) (\(selector))", client)
        return Array(repeating: label, count: found)
    }

    private static func until(_ what: String, _ holds: () async throws -> Bool) async throws {
        let clock = WallClock()
        let deadline = clock.now + .seconds(420)
        while true {
            if (try? await holds()) == true { return }
            if clock.now > deadline {
                Issue.record("gave up waiting until \(what)")
                throw CancellationError()
            }
            try await clock.sleep(for: .milliseconds(200))
        }
    }
}

extension DashboardTests.Dashboard.Panel.Position {
    fileprivate func overlaps(_ other: Self) -> Bool {
        x < other.x + other.w && other.x < x + w && y < other.y + other.h && other.y < y + h
    }
}
