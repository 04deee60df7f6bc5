import Testing

@testable import HTTPDoor

@Suite struct ListenAddressTests {
    @Test(arguments: [
        ("127.0.0.1:7411", "127.0.0.1", 7411, true), ("localhost:1", "localhost", 1, true),
        ("[::1]:80", "::1", 80, true),
        ("0.0.0.0:7411", "0.0.0.0", 7411, false), ("[::]:7411", "::", 7411, false),
        ("127.8.8.8:0", "127.8.8.8", 0, true),
    ])
    func addressesAreRead(text: String, host: String, port: Int, isLoopback: Bool) throws {
        let address = try #require(ListenAddress(parsing: text))
        #expect(address == ListenAddress(host: host, port: port))
        #expect(address.isLoopback == isLoopback)
        #expect(ListenAddress(parsing: address.authority) == address)
    }

    @Test(arguments: [
        "", "7411", ":7411", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1.example.org:80", "::1:80", "kvm1:80",
    ])
    func whatIsNoAddressIsRefused(text: String) {
        #expect(ListenAddress(parsing: text) == nil)
    }
}
