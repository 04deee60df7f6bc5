import FleetModel
import FoundationEssentials
import Testing

@testable import HostRuntime

@Suite("What an older version wrote") struct OlderVersionTests {
    private let definition = """
        {"id":"6f1c2d3e-0000-4000-8000-000000000001","name":"web-1","virtualProcessors":1,"memory":16777216,
         "accelerator":"auto","machine":"pc","processorModel":"qemu64","disks":[{"path":"/d","format":"raw","bus":"ide"}],
         "balloon":false}
        """

    @Test func aDefinitionHasTheDefaultsOfWhatCameLater() throws {
        let read = try JSONDecoder().decode(VirtualMachineDefinition.self, from: Data(definition.utf8))
        #expect(read.disks == [.init(path: "/d", format: .raw, bus: .ide)])
        #expect(read.restart == .never && read.priority == 100 && read.labels.isEmpty && read.networkInterfaces.isEmpty)
    }

    @Test func aMigrationThatWasUnderWayGoesOnAsPreCopy() throws {
        let checkpoint = """
            {"request":{"definition":\(definition),"accelerator":"tcg","source":"a","destination":"b",
              "downtimeLimitMilliseconds":300,"timeLimitSeconds":30},
             "phase":{"preparing":{}},"unclearAnswers":0,"decisionsAsked":0,
             "asks":[{"side":"destination","task":{"prepareIncoming":{"_0":
               {"definition":\(definition),"accelerator":"tcg","timeLimitSeconds":90}}}}]}
            """
        var machine = try JSONDecoder().decode(MigrationMachine.self, from: Data(checkpoint.utf8))
        let (side, task) = try #require(machine.outstanding.first)
        let next = machine.receive(.answered(side, task, .listening(address: "tcp:127.0.0.1:1")))
        #expect(
            next.contains { action in
                if case .ask(.source, .send(let sending)) = action {
                    sending.method == MigrationMethod()
                } else {
                    false
                }
            })
    }
}
