import Primitives
import RawPeers
import Testing
import Web

@Suite("Answers that are meant to hurt")
struct HostileAnswerTests {
    static let packings = [
        "gzip", "gzip, chunked", "GZIP,CHUNKED", "gzip,gzip,gzip,gzip,chunked", "deflate", "br, chunked", "chunked;x=gzip",
    ]

    @Test("What is packed on its way is refused before it is unpacked", arguments: packings)
    func packed(_ codings: String) async throws {
        let server = try RawServer(answer: Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: \(codings)\r\n\r\n0\r\n\r\n".utf8))
        try await asking { client in
            let error = await client.error(of: request(server.url))
            #expect(error?.kind == .protocolViolation)
            #expect(error?.message == "the answer is packed on its way, though nobody asked for that")
        }
    }

    @Test("Chunks are no packing", arguments: ["chunked", "Chunked ", "identity"])
    func chunked(_ coding: String) async throws {
        let body = coding == "identity" ? "abc" : "3\r\nabc\r\n0\r\n\r\n"
        let server = try RawServer(answer: Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: \(coding)\r\n\r\n\(body)".utf8))
        try await asking { client in
            let answer = try await client.send(request(server.url))
            #expect(answer.text == "abc")
        }
    }

    static let heads: [(String, String)] = [
        ("lines", String(repeating: "X-A: \(String(repeating: "x", count: 1_000))\r\n", count: 300)),
        ("many short lines", String(repeating: "X: x\r\n", count: 50_000)),
        ("a line", "X-A: \(String(repeating: "x", count: 200_000))\r\n"),
        ("a status", "HTTP/1.1 200 \(String(repeating: "x", count: 200_000))\r\n"),
        ("interim answers", String(repeating: "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", count: 10_000)),
    ]

    @Test("A head that is too large says so", arguments: heads)
    func largeHead(_ kind: String, _ text: String) async throws {
        let begin = text.hasPrefix("HTTP") ? "" : "HTTP/1.1 200 OK\r\n"
        let server = try RawServer(answer: Array((begin + text + "\r\n").utf8))
        try await asking { client in
            let error = await client.error(of: request(server.url))
            #expect(error?.kind == .tooLarge)
            #expect(
                error?.message == "headers larger than 262144 bytes"
                    || error?.message == "a line of the headers is too long")
        }
    }

    /// libcurl sends again what gets no answer on a connection that was kept; a server may have taken it all the same.
    @Test("What has a body is sent once", arguments: ["POST", "PUT"])
    func sentOnce(_ method: String) async throws {
        let seen = Collected<String>()
        let server = try RawServer { connection in
            while let head = connection.read(through: "\r\n\r\n") {
                let word = String(head.prefix { $0 != " " })
                seen.add(word)
                guard word == "GET", connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") else { break }
            }
        }
        try await asking { client in
            let url = server.url
            let answer = try await client.send(request(url))
            #expect(answer.status == 200)
            let failure = await client.failure(
                request(url) {
                    $0.method = method
                    $0.body = Array("password=sesame".utf8)
                })
            #expect(failure == .closed)
            #expect(seen.all == ["GET", method])
        }
    }
}
