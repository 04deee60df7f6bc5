import FleetModel
import Patterns
import Testing

@testable import SampleExport

@Suite struct RelabelTests {
    private static let labels: Labels = [
        "__name__": "load", "cluster": "lab", "host": "KVM-1", "meta_rack": "r7", "meta_row": "3",
    ]

    private func after(_ rule: RelabelRule) -> Labels? { RelabelRule.apply([rule], to: Self.labels) }

    @Test func whatMatchesIsKeptOrDropped() throws {
        #expect(try after(RelabelRule(.keep, sourceLabels: ["cluster", "meta_row"], pattern: "lab;3")) == Self.labels)
        #expect(try after(RelabelRule(.keep, sourceLabels: ["cluster"], pattern: "la")) == nil)
        #expect(try after(RelabelRule(.drop, sourceLabels: ["__name__"], pattern: "lo.*")) == nil)
        #expect(try after(RelabelRule(.drop, sourceLabels: ["absent"], pattern: "x")) == Self.labels)
        #expect(try after(RelabelRule(.keepEqual, sourceLabels: ["cluster"], targetLabel: "host")) == nil)
        #expect(try after(RelabelRule(.dropEqual, sourceLabels: ["cluster"], targetLabel: "host")) == Self.labels)
    }

    @Test func labelsAreSet() throws {
        let rack = try RelabelRule(
            sourceLabels: ["meta_rack", "meta_row"], separator: "-", pattern: "r(\\d+)-(.*)", targetLabel: "place_${2}",
            replacement: "rack $1")
        #expect(after(rack)?["place_3"] == "rack 7")
        #expect(try after(RelabelRule(targetLabel: "host", replacement: ""))?["host"] == nil)
        #expect(
            try after(RelabelRule(sourceLabels: ["host"], pattern: "x", targetLabel: "host", replacement: "y"))
                == Self.labels)
        #expect(try after(RelabelRule(.lowercase, sourceLabels: ["host"], targetLabel: "host"))?["host"] == "kvm-1")
        #expect(try after(RelabelRule(.uppercase, sourceLabels: ["cluster"], targetLabel: "c"))?["c"] == "LAB")
    }

    @Test func labelsAreMappedKeptAndRemoved() throws {
        let mapped = try after(RelabelRule(.labelMap, pattern: "meta_(.+)"))
        #expect(mapped?["rack"] == "r7" && mapped?["row"] == "3" && mapped?["meta_rack"] == "r7")
        #expect(try after(RelabelRule(.labelDrop, pattern: "meta_.*"))?.pairs.count == 3)
        #expect(
            try after(RelabelRule(.labelKeep, pattern: "__name__|host"))?.pairs.map(\.name) == ["__name__", "host"])
    }

    /// By `md5sum` and Prometheus' own test of `hashmod` (prometheus `model/relabel/relabel_test.go`).
    @Test func seriesAreSpreadAsPrometheusSpreadsThem() throws {
        let text = { (bytes: [UInt8]) in bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        }
        #expect(text(MD5.digest(of: [])) == "d41d8cd98f00b204e9800998ecf8427e")
        #expect(text(MD5.digest(of: Array("abc".utf8))) == "900150983cd24fb0d6963f7d28e17f72")
        #expect(text(MD5.digest(of: Array(repeating: 0x61, count: 119))) == "8a7bd0732ed6a28ce75f6dabc90e1613")
        let rule = try RelabelRule(.hashMod, sourceLabels: ["c"], targetLabel: "d", modulus: 1000)
        #expect(RelabelRule.apply([rule], to: ["a": "foo", "b": "bar", "c": "baz"])?["d"] == "976")
    }

    @Test func rulesThatCannotWorkAreRefused() throws {
        #expect(try RelabelRule(.replace).objection?.contains("target_label") == true)
        #expect(try RelabelRule(.hashMod, targetLabel: "a").objection?.contains("modulus") == true)
        #expect(try RelabelRule(.labelDrop, sourceLabels: ["a"]).objection?.contains("regex") == true)
        #expect(try RelabelRule(.keep, sourceLabels: ["a"]).objection == nil)
        #expect(throws: PatternError.self) { try RelabelRule(.keep, pattern: "(") }
    }

    @Test func whatBacktracksWithoutEndMatchesNothing() throws {
        let labels: Labels = ["__name__": "m", "a": String(repeating: "x", count: 200) + "z"]
        let rule = try RelabelRule(.drop, sourceLabels: ["a"], pattern: "(x+x+)+[ab]")
        #expect(RelabelRule.apply([rule], to: labels) == labels)
    }
}
