import RawPeers
import Testing
import Web

@Suite("Responses")
struct ResponseTests {
    @Test("Status, headers and body, from an array and from the C heap", arguments: [0, 1, 100_000, 5_000_000])
    func bodies(_ size: Int) async throws {
        try await serving({ request in
            let bytes = [UInt8](repeating: 0x79, count: size)
            var response = HTTPServerResponse(status: 299, headers: HTTPHeaders([("X-One", "1"), ("X-Two", "2"), ("X-Two", "3")]))
            if request.path == "/heap" {
                let heap = HeapBytes()
                for start in stride(from: 0, to: size, by: 30_000) {
                    heap.append(contentsOf: Array(bytes[start..<min(size, start + 30_000)]))
                }
                response.body = .heap(heap)
            } else {
                response.body = .bytes(bytes)
            }
            return response
        }) { server, client in
            for path in ["/heap", "/array"] {
                let answer = try await client.send(request(server.address.url() + path))
                #expect(answer.status == 299)
                #expect(answer.body == [UInt8](repeating: 0x79, count: size))
                #expect(answer.headers["content-length"] == "\(size)")
                #expect(answer.headers["x-one"] == "1")
                #expect(answer.headers.fields.filter { $0.name == "X-Two" }.map(\.value) == ["2", "3"])
            }
        }
    }

    static let statuses = [200, 204, 304, 400, 401, 403, 404, 429, 500, 503, 599, 799]

    @Test("Every status that a handler may give", arguments: statuses)
    func status(_ status: Int) async throws {
        try await serving({ _ in HTTPServerResponse(status: status) }) { server, client in
            for _ in 0..<2 {
                let answered = try await client.send(request(server.address.url())).status
                #expect(answered == status)
            }
        }
    }

    /// Header fields that would be two, or none.
    static let hostileFields: [(String, String)] = [
        ("X-A", "b\r\nX-Forged: 1"), ("X-A", "b\nX-Forged: 1"), ("X-A", "b\rX-Forged: 1"), ("X-A\r\nX-Forged", "1"),
        ("X-A", "b\r\n\r\n<script>"), ("X-A: b\r\nX-Forged", "1"), ("", "1"),
    ]

    @Test("A header cannot become two, whatever is in it", arguments: hostileFields)
    func injection(_ name: String, _ value: String) async throws {
        try await serving({ request in
            HTTPServerResponse(status: 200, headers: request.path == "/" ? HTTPHeaders([(name, value)]) : HTTPHeaders())
        }) { server, client in
            let answer = try await exchange(server.address.port, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            #expect(answer?.contains("X-Forged") == false)
            #expect(answer?.contains("script") == false)
            #expect(try await client.send(request(server.address.url() + "/next")).status == 200)
        }
    }

    @Test("A header without a value costs the header at most, not the answer")
    func emptyField() async throws {
        try await serving({ _ in HTTPServerResponse(status: 200, headers: HTTPHeaders([("X-Empty", ""), ("X-Full", "1")])) }) {
            server, client in
            let answer = try await client.send(request(server.address.url()))
            #expect(answer.status == 200)
            #expect(answer.headers["X-Full"] == "1")
        }
    }

    @Test("A dropped answer is a closed connection and no more")
    func dropped() async throws {
        try await serving({ $0.path == "/drop" ? .dropped : HTTPServerResponse(text: "here") }) { server, client in
            #expect(await client.failure(request(server.address.url() + "/drop")) == .closed)
            let silence = try await exchange(server.address.port, "GET /drop HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(silence == "")
            let text = try await client.send(request(server.address.url())).text
            #expect(text == "here")
        }
    }

    @Test("JSON and text say what they are")
    func contentTypes() {
        #expect(HTTPServerResponse(json: [0x7B, 0x7D]).headers["content-type"] == "application/json")
        #expect(HTTPServerResponse(text: "x").headers["content-type"] == "text/plain; charset=utf-8")
    }
}
