import ConfigurationFile
import Testing

@Suite struct ConfigurationReaderTests {
    private func word(_ text: String) -> ConfigurationReader.Parsed<String> {
        text == "bad" ? .problem("'bad' will not do") : .value(text)
    }

    @Test func valuesAreTakenByKey() throws {
        var reader = try ConfigurationReader(yaml: "# comment\nname: kvm1\nempty:\nnumber: 012\n", file: "/etc/x.yaml")
        #expect(try reader.value("name", word) == "kvm1")
        #expect(try reader.value("empty", word) == nil)
        #expect(try reader.value("absent", word) == nil)
        #expect(try reader.value("number", word) == "012")
        try reader.refuseUnknownKeys()
    }

    @Test func relativePathsCountFromTheFile() throws {
        var reader = try ConfigurationReader(yaml: "a: pki/../ca.pem\nb: /srv/b", file: "/etc/evenkeel/x.yaml")
        #expect(try reader.path("a") == "/etc/evenkeel/ca.pem")
        #expect(try reader.path("b") == "/srv/b")
    }

    @Test func aStrangerIsRefusedByNameAndLine() throws {
        var reader = try ConfigurationReader(yaml: "name: a\nnmae: b\n", file: "x.yaml")
        _ = try reader.value("name", word)
        let error = #expect(throws: ConfigurationError.self) { try reader.refuseUnknownKeys() }
        #expect(error?.description == "x.yaml:2:1: there is no key 'nmae', did you mean 'name'? known are name")
    }

    @Test func aBadValueIsRefusedWhereItStands() throws {
        var reader = try ConfigurationReader(yaml: "one: a\nname: bad\n", file: "x.yaml")
        let error = #expect(throws: ConfigurationError.self) { try reader.value("name", word) }
        #expect(error?.description == "x.yaml:2:7: name: 'bad' will not do")
    }

    @Test(arguments: ["- a\n", "just text", "a: 1\na: 2\n", "a: [1\n", "name: [a, b]\n", "? [k]\n: v\n"])
    func whatIsNotKeysAndValuesIsRefused(yaml: String) {
        #expect(throws: ConfigurationError.self) {
            var reader = try ConfigurationReader(yaml: yaml, file: "x.yaml")
            _ = try reader.value("name", word)
            try reader.refuseUnknownKeys()
        }
    }

    @Test func anEmptyFileHasNoKeys() throws {
        let reader = try ConfigurationReader(yaml: "\n# nothing\n", file: "x.yaml")
        try reader.refuseUnknownKeys()
    }

    @Test func aMissingFileIsNamed() {
        let error = #expect(throws: ConfigurationError.self) { try ConfigurationReader.text(ofFile: "/no/such.yaml") }
        #expect(error?.description == "/no/such.yaml: no such file")
    }
}
