import Primitives
import RawPeers
import Testing
import Web

@Suite("The client")
struct ClientTests {
    @Test("A request arrives as it was made")
    func request() async throws {
        try await serving(echo) { server, client in
            let answer = try await client.send(
                WebTests.request(server.address.url() + "/a%20b?c=d%26e") {
                    $0.method = "PUT"
                    $0.headers = [
                        ("X-One", "1"), ("X-Empty", ""), ("X-Blank", "  "), ("X-Utf", "é"), ("Authorization", "PVEAPIToken=u@pve!t=s"),
                    ]
                    $0.body = Array("body".utf8)
                })
            #expect(answer.status == 200)
            let lines = answer.text.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.first == "PUT /a b")
            for line in [
                "?c=d&e", "X-One: 1", "X-Empty: ", "X-Blank: ", "X-Utf: é", "Authorization: PVEAPIToken=u@pve!t=s", "Content-Length: 4",
                "body",
            ] {
                #expect(lines.contains(line[...]), "\(line)")
            }
        }
    }

    static let methods: [(String, [UInt8]?, String)] = [
        ("GET", nil, "GET -"), ("POST", nil, "POST -"), ("POST", [], "POST 0"), ("POST", [0x61], "POST 1"), ("DELETE", nil, "DELETE -"),
        ("DELETE", [0x61], "DELETE 1"),
        ("PROPFIND", nil, "PROPFIND -"), ("GET", [0x61], "GET 1"),
    ]

    @Test("Any method, with a body and without", arguments: methods)
    func method(_ method: String, _ body: [UInt8]?, _ expected: String) async throws {
        try await serving({ HTTPServerResponse(text: "\($0.method) \($0.headers["Content-Length"] ?? "-")") }) { server, client in
            let answer = try await client.send(
                WebTests.request(server.address.url()) {
                    $0.method = method
                    $0.body = body
                })
            #expect(answer.text == expected)
        }
    }

    @Test("HEAD has no body, and the connection is good for the next")
    func head() async throws {
        try await serving({ _ in HTTPServerResponse(text: "body") }) { server, client in
            for _ in 0..<2 {
                let head = try await client.send(WebTests.request(server.address.url()) { $0.method = "HEAD" })
                #expect(head.body.isEmpty)
                #expect(head.headers["Content-Length"] == "4")
                #expect(try await client.send(WebTests.request(server.address.url())).text == "body")
            }
        }
    }

    @Test("A connection is used again: the second call opens none")
    func reuse() async throws {
        try await serving(echo) { server, client in
            let opened = try await client.send(WebTests.request(server.address.url())).connectionsOpened
            #expect(opened == 1)
            for _ in 0..<5 {
                let opened = try await client.send(WebTests.request(server.address.url() + "/x")).connectionsOpened
                #expect(opened == 0)
            }
        }
    }

    @Test("A connection that the server closed meanwhile is opened anew, without an error")
    func staleConnection() async throws {
        let server = try RawServer(answer: Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".utf8))
        try await asking { client in
            for count in 1...3 {
                let text = try await client.send(WebTests.request(server.url)).text
                #expect(text == "ok")
                #expect(server.connectionCount == count)
            }
        }
    }

    struct Answer: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: String
        let status: Int
        let reason: String
        let body: String
        var header: String?
    }

    /// Answers as servers of all kinds write them.
    static let answers = [
        Answer(
            testDescription: "plain", bytes: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\nok", status: 200, reason: "OK",
            body: "ok", header: "b"),
        Answer(testDescription: "to the end of the connection", bytes: "HTTP/1.0 200 OK\r\n\r\nok", status: 200, reason: "OK", body: "ok"),
        Answer(
            testDescription: "chunks", bytes: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
            status: 200, reason: "OK", body: "ok"),
        Answer(
            testDescription: "a reason of many words",
            bytes: "HTTP/1.1 596 tls_process_server_certificate: certificate verify failed\r\nContent-Length: 0\r\n\r\n", status: 596,
            reason: "tls_process_server_certificate: certificate verify failed", body: ""),
        Answer(testDescription: "no reason", bytes: "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", status: 200, reason: "", body: "ok"),
        Answer(
            testDescription: "an interim answer first",
            bytes: "HTTP/1.1 103 Early Hints\r\nX-A: early\r\n\r\nHTTP/1.1 200 Fine\r\nX-A: late\r\nContent-Length: 2\r\n\r\nok",
            status: 200,
            reason: "Fine", body: "ok", header: "late"),
        Answer(
            testDescription: "a header without a space", bytes: "HTTP/1.1 200 OK\r\nx-a:b\r\nContent-Length:2\r\n\r\nok", status: 200,
            reason: "OK", body: "ok", header: "b"),
        Answer(
            testDescription: "a header with many", bytes: "HTTP/1.1 200 OK\r\nX-A:  \t b c \t\r\nContent-Length: 2\r\n\r\nok", status: 200,
            reason: "OK", body: "ok", header: "b c"),
        Answer(
            testDescription: "a header that is empty", bytes: "HTTP/1.1 200 OK\r\nX-A:\r\nContent-Length: 2\r\n\r\nok", status: 200,
            reason: "OK", body: "ok", header: ""),
        Answer(
            testDescription: "a header not in UTF-8", bytes: "HTTP/1.1 200 OK\r\nX-A: é\r\nContent-Length: 2\r\n\r\nok", status: 200,
            reason: "OK", body: "ok", header: "é"),
        Answer(testDescription: "204", bytes: "HTTP/1.1 204 No Content\r\n\r\n", status: 204, reason: "No Content", body: ""),
        Answer(
            testDescription: "304", bytes: "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", status: 304, reason: "Not Modified",
            body: ""),
        Answer(
            testDescription: "500 with a body", bytes: "HTTP/1.1 500 Oh\r\nContent-Length: 4\r\n\r\noops", status: 500, reason: "Oh",
            body: "oops"),
        Answer(testDescription: "bare newlines", bytes: "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", status: 200, reason: "OK", body: "ok"),
    ]

    @Test("Answers of every kind", arguments: answers)
    func answer(_ row: Answer) async throws {
        let server = try RawServer(answer: Array(row.bytes.utf8))
        try await asking { client in
            let answer = try await client.send(WebTests.request(server.url))
            #expect(answer.status == row.status)
            #expect(answer.reason == row.reason)
            #expect(answer.text == row.body)
            #expect(answer.headers["X-A"] == row.header)
        }
    }

    @Test("No redirect is followed", arguments: [301, 302, 303, 307, 308])
    func redirect(_ status: Int) async throws {
        let target = try RawServer(answer: Array("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".utf8))
        let server = try RawServer(answer: Array("HTTP/1.1 \(status) Moved\r\nLocation: \(target.url)\r\nContent-Length: 0\r\n\r\n".utf8))
        try await asking { client in
            let answer = try await client.send(WebTests.request(server.url) { $0.headers = [("Authorization", "secret")] })
            #expect(answer.status == status)
            #expect(answer.headers["location"] == target.url)
            #expect(target.connectionCount == 0)
        }
    }

    @Test("Clients end with their holder, and those that were never used end too")
    func lifetimes() async throws {
        for _ in 0..<20 { _ = try HTTPClient() }
        try await serving(echo) { server, _ in
            for _ in 0..<10 {
                let status = try await HTTPClient().send(WebTests.request(server.address.url())).status
                #expect(status == 200)
            }
        }
    }
}
