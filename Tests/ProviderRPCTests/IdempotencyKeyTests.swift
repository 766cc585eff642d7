import ProviderRPC
import RPC
import Testing

@Suite struct IdempotencyKeyTests {
    static let keys: [(String, Bool)] = [
        ("a", true), ("d3b07384-d113-4ec6-a7e4-2f9c8d8e6c11", true), ("!~", true), (String(repeating: "k", count: 128), true),
        ("", false), (String(repeating: "k", count: 129), false), ("a b", false), (" a", false), ("a\n", false), ("a\u{7F}", false),
        ("é", false),
    ]

    @Test(arguments: keys) func `A key is one to 128 visible ASCII characters`(_ text: String, _ isKey: Bool) {
        #expect(IdempotencyKey(text)?.text == (isKey ? text : nil))
        let call = RPCCall(path: "/provider.v1.Provider/Create", metadata: RPCMetadata([("martlet-idempotency-key", text)]))
        do throws(RPCError) {
            let key = try call.idempotencyKey()
            #expect(isKey && key?.text == text)
        } catch {
            #expect(!isKey && error.code == .invalidArgument)
        }
    }

    @Test func `A call need not have one`() throws {
        #expect(try RPCCall(path: "", metadata: RPCMetadata([("other", "é")])).idempotencyKey() == nil)
        #expect(RPCOptions(key: nil).metadata == RPCMetadata())
    }

    @Test func `A client's key reaches the provider`() async throws {
        let provider = RecordingProvider()
        let client = ProviderClient(InProcessTransport([provider.rpcService()]))
        _ = try await client.create(CreateRequest(name: "web"), RPCOptions(key: IdempotencyKey("k-1")))
        let call = try #require(provider.asked.first?.call)
        #expect(try call.idempotencyKey() == IdempotencyKey("k-1"))
    }
}
