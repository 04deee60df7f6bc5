import Testing

@testable import FleetServer

@Suite struct LabelNameEscapeTests {
    @Test(arguments: [
        ("job", "job"), ("U__job", "job"), ("U__my_2e_label", "my.label"), ("U__a__b", "a_b"), ("U___1f600_", "😀"),
        // What is not escaped by the rules is the name as it stands.
        ("U__a_2e", "U__a_2e"), ("U__a_zz_", "U__a_zz_"), ("U__a_d800_", "U__a_d800_"), ("my.label", "my.label"),
    ])
    func labelNamesInPathsMayBeEscaped(path: String, name: String) throws {
        #expect(try LabelNameEscape.decoded(path) == name)
    }
}
