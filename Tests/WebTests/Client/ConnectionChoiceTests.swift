import Primitives
import RawPeers
import Synchronization
import Testing
import Web

@Suite struct ConnectionChoiceTests {
    /// A server that keeps its connections, and the heads that it got.
    private func server() throws -> (RawServer, SeenHeads) {
        let heads = SeenHeads()
        let server = try RawServer { connection in
            while let head = connection.read(through: "\r\n\r\n") {
                heads.add(head)
                _ = connection.read(count: 2)
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            }
        }
        return (server, heads)
    }

    @Test(arguments: [(false, 3), (true, 1)]) func `only what may be sent twice is sent on a connection that was kept`(
        mayRepeat: Bool, expected: Int
    ) async throws {
        let (server, heads) = try server()
        try await asking { client in
            for _ in 0..<3 {
                let asked = request(server.url) {
                    $0.method = "PUT"
                    $0.body = Array("{}".utf8)
                    $0.mayRepeat = mayRepeat
                }
                let status = try await client.send(asked).status
                #expect(status == 200)
            }
        }
        #expect(heads.all.count == 3 && server.connectionCount == expected)
    }

    @Test func `another place is connected to, and the URL's host is asked for`() async throws {
        let (server, heads) = try server()
        try await asking { client in
            let asked = request("http://nowhere.invalid:1/x") {
                $0.connectTo = "127.0.0.1:\(server.port)"
                $0.method = "PUT"
                $0.body = Array("{}".utf8)
            }
            let status = try await client.send(asked).status
            #expect(status == 200)
        }
        #expect(heads.all.first?.contains("Host: nowhere.invalid:1\r\n") == true)
    }

    @Test(arguments: ["", "127.0.0.1", "a b:1", "a:1\r\nX: y"]) func `what is no place is refused`(place: String) async throws {
        try await asking { client in
            #expect(await client.failure(request("http://nowhere.invalid/") { $0.connectTo = place }) == .url)
        }
    }
}

final class SeenHeads: Sendable {
    private let heads = Mutex<[String]>([])

    var all: [String] { heads.withLock { $0 } }

    func add(_ head: String) { heads.withLock { $0.append(head) } }
}
