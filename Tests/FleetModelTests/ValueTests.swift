import FleetModel
import Foundation
import Testing

@Suite struct ValueTests {
    @Test(arguments: [
        ("512MiB", 512 << 20), ("512M", 512 << 20), ("2GiB", 2 << 30), ("1536", 1536), ("3 KiB", 3 << 10), ("0", 0),
    ])
    func sizesAreRead(text: String, count: Int64) {
        #expect(Bytes(parsing: text)?.count == count)
    }

    @Test(arguments: ["", "MiB", "-1", "1.5GiB", "1 parsec", "99999999999TiB", "١MiB"])
    func whatIsNoSizeIsRefused(text: String) {
        #expect(Bytes(parsing: text) == nil)
    }

    @Test func sizesAreShownInTheLargestFittingUnit() {
        #expect(Bytes(1536).description == "1.5 KiB")
        #expect(Bytes.gibibytes(2).description == "2 GiB")
        #expect(Bytes(12).description == "12 B")
    }

    @Test(arguments: ["a", "kvm-1.example_2", String(repeating: "x", count: 63)])
    func namesThatAreSafeEverywhereAreTaken(text: String) {
        #expect(HostName(text)?.text == text)
    }

    @Test(arguments: ["", ".", "..", "../etc", "-a", "a b", "a/b", "ä", "a\n", String(repeating: "x", count: 64)])
    func namesThatCouldDoHarmAreRefused(text: String) {
        #expect(HostName(text) == nil)
    }

    @Test func machineIdentitiesAreUUIDsInLowerCase() throws {
        let id = try #require(VirtualMachineID("0F0E0D0C-0B0A-4908-8706-050403020100"))
        #expect(id.text == "0f0e0d0c-0b0a-4908-8706-050403020100")
        #expect(VirtualMachineID("0f0e0d0c-0b0a-4908-8706-05040302010") == nil)
        #expect(VirtualMachineID("0f0e0d0c/0b0a-4908-8706-050403020100") == nil)
        var generator = SystemRandomNumberGenerator()
        let random = VirtualMachineID.random(using: &generator)
        #expect(VirtualMachineID(random.text) == random)
    }

    @Test func labelsKeepTheirOrderAndForgetEmptyValues() {
        var labels: Labels = ["b": "2", "a": "1", "empty": ""]
        #expect(labels.pairs.map(\.name) == ["a", "b"])
        labels["aa"] = "3"
        #expect(labels.pairs.map(\.name) == ["a", "aa", "b"])
        labels["a"] = nil
        #expect(labels == ["aa": "3", "b": "2"])
        #expect(labels.setting("__name__", to: "up").description == #"up{aa="3", b="2"}"#)
    }

    @Test func labelsAreOrderedAsPrometheusListsThem() {
        let sorted: [Labels] = [["a": "1"], ["a": "1", "b": "1"], ["a": "2"], ["b": "0"]]
        #expect(sorted.reversed().sorted() == sorted)
    }

    @Test func theStalenessMarkerIsNotJustAnyNaN() {
        #expect(Staleness.isMarker(Staleness.marker))
        #expect(!Staleness.isMarker(.nan))
    }

    @Test func commandsSurviveTheWire() throws {
        let id = try #require(VirtualMachineID("0f0e0d0c-0b0a-4908-8706-050403020100"))
        let host = try #require(HostName("kvm1"))
        let command = AgentCommand(
            number: 7, host: host, operation: 3, task: .stop(id, force: true), issued: Timestamp(milliseconds: 5))
        let decoded = try JSONDecoder().decode(AgentCommand.self, from: JSONEncoder().encode(command))
        #expect(decoded == command)
    }
}
