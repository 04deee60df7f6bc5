import FleetModel
import Foundation
import Testing

@Suite("Reports that cannot be true")
struct HostReportTests {
    private func report(_ change: (inout HostReport) -> Void = { _ in }) throws -> HostReport {
        let definition = VirtualMachineDefinition(
            id: try #require(VirtualMachineID("00000000-0000-4000-8000-000000000001")), name: try #require(Name("web")),
            virtualProcessors: 2, memory: .gibibytes(1),
            disks: [VirtualMachineDefinition.Disk(path: "/disks/web", format: .raw)])
        var report = HostReport(
            host: try #require(HostName("h1")), cluster: try #require(ClusterName("main")),
            time: Timestamp(milliseconds: 1), agentVersion: "1.0", agentRun: "a", logicalProcessors: 4,
            memory: .gibibytes(16), memoryAvailable: .zero, accelerator: .kvm, migrationAddress: nil,
            virtualMachines: [VirtualMachineStatus(definition: definition, state: .running, residentMemory: .zero)])
        change(&report)
        return report
    }

    @Test("An agent of the version before, or after, is understood")
    func neighbours() throws {
        let report = try report()
        var text = String(decoding: try JSONEncoder().encode(report), as: UTF8.self)
        #expect(try JSONDecoder().decode(HostReport.self, from: Data(text.utf8)) == report, "nothing new is needed")
        #expect(!text.contains("clockSkew") && !text.contains("readOnly"), "as before where there is nothing to say")
        text = text.replacing("{\"", with: "{\"fromTheFuture\":[1],\"", maxReplacements: 1)
            .replacing("\"running\"", with: "\"dreaming\"")
        let newer = try JSONDecoder().decode(HostReport.self, from: Data(text.utf8))
        #expect(newer.virtualMachines.map(\.state) == [.unknown], "what is not known leads to nothing automatic")
        #expect(newer.objection == nil)
    }

    @Test("What an agent says in earnest is taken, a problem with lines of a log as well")
    func good() throws {
        #expect(try report().objection == nil)
        #expect(try report { $0.virtualMachines[0].problem = "exit status 1:\n\tno such file – /x" }.objection == nil)
        #expect(try report { $0.memory = Bytes(1 << 50) }.objection == nil)
    }

    @Test("Bandwidths are above nothing", arguments: [-5, 0])
    func bandwidths(count: Int64) throws {
        let wanted = "is not 1 byte to 8 EiB a second"
        var capabilities = HostCapabilities(migrationBandwidth: Bytes(count))
        #expect(
            try report { $0.capabilities = capabilities }.objection
                == "capabilities.migrationBandwidth: \(count) \(wanted)")
        capabilities = HostCapabilities()
        capabilities.diskBandwidth = Bytes(count)
        #expect(
            try report { $0.capabilities = capabilities }.objection == "capabilities.diskBandwidth: \(count) \(wanted)")
    }

    @Test(
        "Figures beyond all hosts are named by their field",
        arguments: [Int64.min, -1, 1_125_899_906_842_625, Int64.max] as [Int64])
    func figures(count: Int64) throws {
        let amount = Bytes(count)
        #expect(try report { $0.memory = amount }.objection == "memory: \(count) is not 1 MiB to 1 PiB")
        #expect(
            try report { $0.memoryAvailable = amount }.objection == "memoryAvailable: \(count) is not 0 to 1 PiB")
        #expect(
            try report { $0.virtualMachines[0].definition.memory = amount }.objection
                == "virtualMachines[0].definition.memory: \(count) is not 1 MiB to 1 PiB")
        #expect(try report { $0.virtualMachines[0].residentMemory = amount }.objection != nil)
        #expect(try report { $0.logicalProcessors = Int(count) }.objection != nil)
        #expect(try report { $0.virtualMachines[0].definition.virtualProcessors = Int(count) }.objection != nil)
        #expect(try report { $0.time = Timestamp(milliseconds: count) }.objection?.hasPrefix("time: ") == true)
    }

    @Test(
        "Texts are short and have no control characters", arguments: ["\u{1b}[2J", String(repeating: "x", count: 4097)])
    func texts(text: String) throws {
        #expect(try report { $0.agentVersion = text }.objection?.hasPrefix("agentVersion: ") == true)
        #expect(try report { $0.agentRun = text }.objection?.hasPrefix("agentRun: ") == true)
        #expect(try report { $0.migrationAddress = text }.objection?.hasPrefix("migrationAddress: ") == true)
        #expect(
            try report { $0.virtualMachines[0].problem = text }.objection?.hasPrefix("virtualMachines[0].problem: ")
                == true)
        #expect(
            try report { $0.virtualMachines[0].definition.disks[0].path = text }.objection?
                .hasPrefix("virtualMachines[0].definition.disks[0].path: ") == true)
    }

    @Test("More than 10,000 VMs are no host")
    func crowd() throws {
        let report = try report { report in
            report.virtualMachines = Array(repeating: report.virtualMachines[0], count: 10_001)
        }
        #expect(report.objection == "virtualMachines: 10001 are more than 10000")
    }

    @Test("Reckoning with amounts stays within 64 bits")
    func reckoning() {
        #expect(Bytes(.max) + Bytes(1) == Bytes(.max))
        #expect(Bytes(.min) + Bytes(-1) == Bytes(.min))
        #expect(Bytes(.min) - Bytes(1) == Bytes(.min))
        #expect(Bytes(.max) - Bytes(-1) == Bytes(.max))
        #expect(Bytes(5) - Bytes(7) == Bytes(-2))
        #expect(Bytes(nearest: 0x1p63) == Bytes(.max))
        #expect(Bytes(nearest: -.infinity) == Bytes(.min))
        #expect(Bytes(nearest: .nan) == .zero)
        #expect(Bytes(nearest: 1.6) == Bytes(2))
    }
}
