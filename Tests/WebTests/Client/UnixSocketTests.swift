import Primitives
import RawPeers
import Synchronization
import Testing
import Web

@Suite("Unix sockets and answers without end")
struct UnixSocketTests {
    @Test("A path that cannot be one is refused before anything is opened")
    func refusedPaths() async throws {
        let paths = ["", String(repeating: "x", count: 108), "/run/a\0b"]
        try await asking { client in
            for path in paths {
                let error = await client.error(of: request("http://engine/") { $0.unixSocket = path })
                #expect(error?.kind == .url)
            }
            let both = await client.error(
                of: request("http://engine/") {
                    $0.unixSocket = "/run/x"
                    $0.proxy = "http://127.0.0.1:1"
                })
            #expect(both?.kind == .url)
            let absent = await client.failure(request("http://engine/") { $0.unixSocket = "/nowhere/x.sock" })
            #expect(absent == .connect)
        }
    }

    @Test("Pieces are handed on as they come, past any limit, until somebody has enough")
    func pieces() async throws {
        let line = "a line of an answer that has no end\n"
        let server = try RawServer { connection in
            _ = connection.read(through: "\r\n\r\n")
            connection.send("HTTP/1.1 200 OK\r\n\r\n")
            while connection.send(line) {}
        }
        let seen = Mutex(0)
        try await asking { client in
            let error = await client.error(
                of: request(server.url) {
                    $0.bodyLimitBytes = 10
                    $0.onBodyPiece = { piece in
                        seen.withLock { seen in
                            seen += piece.count
                            return seen < 100_000
                        }
                    }
                })
            #expect(error?.kind == .cancelled)
        }
        #expect(seen.withLock { $0 } >= 100_000)
    }
}
