import RPC
import Testing

@Suite struct RPCServiceTests {
    private static let service = RPCService(name: "a.v1.Service", methods: ["One": { (message, _) throws(RPCError) in message }])

    @Test(arguments: [
        ("/a.v1.Service/One", true), ("/a.v1.Service/Two", false), ("/a.v1.Service/", false), ("/a.v1.Service", false),
        ("a.v1.Service/One", false),
        ("/a.v1.Servic/One", false), ("/a.v1.Service2/One", false), ("/a.v1.Service/One/", false), ("//a.v1.Service/One", false),
        ("", false),
        ("/A.v1.service/One", false), ("/a.v1.Service/one", false),
    ])
    func `A method is at its path and at no other`(_ path: String, _ isThere: Bool) {
        #expect((Self.service.method(atPath: path) != nil) == isThere)
    }

    @Test func `Metadata gives the first value of a name`() {
        let metadata = RPCMetadata([("a", "1"), ("b", "2"), ("a", "3")])
        #expect(metadata["a"] == "1")
        #expect(metadata["b"] == "2")
        #expect(metadata["A"] == nil)
        #expect(metadata == RPCMetadata([("a", "1"), ("b", "2"), ("a", "3")]))
        #expect(metadata != RPCMetadata([("a", "1"), ("a", "3"), ("b", "2")]))
    }
}
