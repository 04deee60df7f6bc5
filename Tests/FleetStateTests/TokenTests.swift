import FleetModel
import FleetState
import Testing

@Suite("Access tokens")
struct TokenTests {
    @Test("A token opens by its secret's hash until it is revoked, and then for good")
    func lifeOfAToken() async throws {
        let store = try FleetStateStore.inMemory()
        var generator = SystemRandomNumberGenerator()
        let name = try #require(Name<TokenKind>("h1"))
        #expect(try await store.hasTokens() == false)
        let secret = try await store.createToken(
            .agent, name: name, actor: "root", at: Fixture.time(1), using: &generator)
        #expect(secret.hasPrefix("evenkeel_agent_"))
        #expect(secret.count == "evenkeel_agent_".count + 64)
        let found = try await store.token(hash: SHA256.hash(ofSecret: secret))
        #expect(found?.name == name)
        #expect(found?.role == .agent)
        #expect(try await store.hasTokens())
        #expect(try await store.token(hash: SHA256.hash(ofSecret: "evenkeel_agent_0")) == nil)

        await #expect(throws: FleetStateError.tokenExists(name: "h1", role: "agent")) {
            try await store.createToken(.agent, name: name, actor: "root", at: Fixture.time(2), using: &generator)
        }
        #expect(try await store.revokeToken(.agent, name: name, actor: "root", at: Fixture.time(3)))
        #expect(try await store.revokeToken(.agent, name: name, actor: "root", at: Fixture.time(4)) == false)
        #expect(try await store.token(hash: SHA256.hash(ofSecret: secret)) == nil)
        #expect(try await store.tokens().first?.revoked == Fixture.time(3))
        #expect(try await store.audit(limit: 9).map(\.event) == ["token.create", "token.revoke"])
    }

    @Test("A new token may follow a revoked one of the same name; the old secret stays shut")
    func renewal() async throws {
        let store = try FleetStateStore.inMemory()
        var generator = SystemRandomNumberGenerator()
        let name = try #require(Name<TokenKind>("ann"))
        let old = try await store.createToken(
            .operator, name: name, actor: "root", at: Fixture.time(1), using: &generator)
        _ = try await store.revokeToken(.operator, name: name, actor: "root", at: Fixture.time(2))
        let new = try await store.createToken(
            .operator, name: name, actor: "root", at: Fixture.time(3), using: &generator)
        #expect(try await store.token(hash: SHA256.hash(ofSecret: old)) == nil)
        #expect(try await store.token(hash: SHA256.hash(ofSecret: new)) != nil)
    }

    @Test("Nobody bears the name that policy acts under", arguments: ["policy", "evenkeel", "local", "Policy"])
    func reserved(text: String) async throws {
        let store = try FleetStateStore.inMemory()
        var generator = SystemRandomNumberGenerator()
        let name = try #require(Name<TokenKind>(text))
        await #expect(throws: FleetStateError.reservedName(text)) {
            try await store.createToken(.operator, name: name, actor: "root", at: Fixture.time(1), using: &generator)
        }
        #expect(try await store.hasTokens() == false)
    }

    @Test(
        "SHA-256 gives the digests of FIPS 180-4's examples",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            (String(repeating: "a", count: 1000), "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3"),
        ])
    func digests(text: String, digest: String) {
        #expect(SHA256.hash(ofSecret: text) == digest)
    }
}
