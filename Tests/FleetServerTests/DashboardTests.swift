import Foundation
import PromQL
import Testing

/// The Grafana dashboards that come with Evenkeel.
@Suite struct DashboardTests {
    private struct Dashboard: Decodable {
        struct Panel: Decodable {
            struct Target: Decodable { let expr: String }
            let title: String
            let targets: [Target]
        }
        let title: String
        let panels: [Panel]
    }

    @Test func everyPanelAsksWhatCanBeParsed() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let folder = root.deletingLastPathComponent().appendingPathComponent("dashboards").path
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".json") }
        #expect(!names.isEmpty)
        for name in names {
            let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name))
            let dashboard = try JSONDecoder().decode(Dashboard.self, from: data)
            #expect(!dashboard.panels.isEmpty)
            for target in dashboard.panels.flatMap(\.targets) {
                let query = target.expr.replacing("$__rate_interval", with: "1m").replacing("$cluster", with: ".*")
                #expect(throws: Never.self) { try parse(query) }
            }
        }
    }
}
