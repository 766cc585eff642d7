import RawPeers
import Testing
import Web

/// The same requests in process and over a live socket.
@Suite("Routing")
struct RoutingTests {
    private static let router: Router = {
        var router = Router()
        router.get("/metrics") { _ in HTTPServerResponse(text: "up 1\n") }
        router.add("POST", "/-/reload") { _ in HTTPServerResponse(text: "reloaded\n") }
        router.get("/both") { _ in HTTPServerResponse(text: "got\n") }
        router.add("PUT", "/both") { _ in HTTPServerResponse(text: "put\n") }
        router.get("/") { _ in HTTPServerResponse(contentType: "text/html", text: "<p>") }
        return router
    }()

    struct Row: Sendable, CustomTestStringConvertible {
        let method: String
        let path: String
        let status: Int
        var allow: String?
        var body: String

        var testDescription: String { "\(method) \(path)" }
    }

    static let rows = [
        Row(method: "GET", path: "/metrics", status: 200, body: "up 1\n"),
        Row(method: "HEAD", path: "/metrics", status: 200, body: "up 1\n"),
        Row(method: "GET", path: "/", status: 200, body: "<p>"), Row(method: "POST", path: "/-/reload", status: 200, body: "reloaded\n"),
        Row(method: "PUT", path: "/both", status: 200, body: "put\n"), Row(method: "GET", path: "/none", status: 404, body: "Not found.\n"),
        Row(method: "DELETE", path: "/none", status: 404, body: "Not found.\n"),
        Row(method: "GET", path: "/metrics/", status: 404, body: "Not found.\n"),
        Row(method: "GET", path: "//metrics", status: 404, body: "Not found.\n"),
        Row(method: "GET", path: "/Metrics", status: 404, body: "Not found.\n"),
        Row(method: "GET", path: "/x/../metrics", status: 404, body: "Not found.\n"),
        Row(method: "POST", path: "/metrics", status: 405, allow: "GET, HEAD", body: "Method not allowed.\n"),
        Row(method: "get", path: "/metrics", status: 405, allow: "GET, HEAD", body: "Method not allowed.\n"),
        Row(method: "OPTIONS", path: "/metrics", status: 405, allow: "GET, HEAD", body: "Method not allowed.\n"),
        Row(method: "BREW", path: "/metrics", status: 405, allow: "GET, HEAD", body: "Method not allowed.\n"),
        Row(method: "GET", path: "/-/reload", status: 405, allow: "POST", body: "Method not allowed.\n"),
        Row(method: "HEAD", path: "/-/reload", status: 405, allow: "POST", body: "Method not allowed.\n"),
        Row(method: "DELETE", path: "/both", status: 405, allow: "GET, PUT, HEAD", body: "Method not allowed.\n"),
    ]

    @Test("In process", arguments: rows)
    func inProcess(_ row: Row) async {
        let response = await Self.router.handle(HTTPServerRequest(method: row.method, path: row.path))
        #expect(response.status == row.status)
        #expect(response.headers["Allow"] == row.allow)
        guard case .bytes(let bytes) = response.body else {
            Issue.record("not bytes")
            return
        }
        #expect(String(decoding: bytes, as: UTF8.self) == row.body)
    }

    @Test("Over a socket, HEAD without a body but with its length")
    func overSocket() async throws {
        try await serving({ await Self.router.handle($0) }) { server, _ in
            let port = server.address.port
            // All on one connection, one behind the other: a body too many or too few would shift all answers after it.
            let answers = try await onThread { () -> [RawAnswer?] in
                guard let connection = RawConnection(port: port) else { return [] }
                return Self.rows.map { row in
                    connection.send("\(row.method) \(row.path) HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
                    return connection.readAnswer(hasBody: row.method != "HEAD")
                }
            }
            #expect(answers.count == Self.rows.count)
            for (row, answer) in zip(Self.rows, answers) {
                #expect(answer?.status == row.status, "\(row.testDescription)")
                #expect(answer?.headers["allow"] == row.allow)
                #expect(answer?.body == (row.method == "HEAD" ? "" : row.body))
                #expect(answer?.headers["content-length"] == "\(row.body.utf8.count)")
            }
        }
    }

    @Test("A route for all the rest")
    func fallback() async {
        var router = Self.router
        router.otherwise { HTTPServerResponse(status: 418, text: $0.path) }
        #expect(await router.handle(HTTPServerRequest(method: "GET", path: "/none")).status == 418)
        #expect(await router.handle(HTTPServerRequest(method: "GET", path: "/metrics")).status == 200)
        #expect(await router.handle(HTTPServerRequest(method: "POST", path: "/metrics")).status == 405)
    }
}
