import Primitives
import RawPeers
import Synchronization
import Testing
import Web

/// What a handler sees of what came over the wire.
@Suite("Requests")
struct RequestTests {
    /// Request targets, and the path and query that a handler sees.
    static let targets: [(String, String)] = [
        ("/", "/"), ("/a?b=c", "/a\n?b=c"), ("/a%20b%2Fc", "/a b/c"), ("/a+b", "/a+b"), ("/?a+b=c+d", "/\n?a b=c d"),
        ("/?a%3Db=c%26d", "/\n?a=b=c&d"),
        ("/?a=1&a=2&b", "/\n?a=1\n?a=2\n?b="), ("/?=x", "/\n?=x"), ("/?a=b=c", "/\n?a=b=c"), ("/?", "/"),
        ("/%C3%A9?%C3%A9=%F0%9F%98%80", "/é\n?é=😀"),
        ("/%FF", "/\u{FFFD}"), ("/?a=%FF", "/\n?a=\u{FFFD}"), ("/%zz%4", "/%zz%4"),
        ("/?a=%zz%4&b=%+1", "/\n?a=%zz%4\n?b=% 1"), ("/?a=x%00y+z", "/\n?a=x%00y z"), ("/?a&&b=?&", "/\n?a=\n?b=?"),
        ("/?target=10.0.0.1&module=default", "/\n?target=10.0.0.1\n?module=default"),
        ("/%2e%2e/%2e%2e/etc/passwd", "/../../etc/passwd"),
    ]

    @Test("Targets are decoded", arguments: targets)
    func target(_ target: String, _ expected: String) async throws {
        try await serving(echo) { server, _ in
            let answer = try await exchange(server.address.port, "GET \(target) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            #expect(answer?.contains("\r\n\r\nGET \(expected)\nConnection: close\n\n") == true, "\(answer ?? "none")")
        }
    }

    @Test("Parameters are found by name, the first of several")
    func parameters() {
        let request = HTTPServerRequest(method: "GET", path: "/", query: [("a", "1"), ("a", "2"), ("b", "")])
        #expect(request.parameter("a") == "1")
        #expect(request.parameter("b") == "")
        #expect(request.parameter("c") == nil)
    }

    static let bodies: [Int] = [0, 1, 999, 1_000, 65_536, 1 << 20]

    @Test("Bodies arrive whole", arguments: bodies)
    func body(_ size: Int) async throws {
        try await serving({ HTTPServerResponse(text: "\($0.body.count) \($0.body.allSatisfy { $0 == 0x78 })") }) { server, client in
            let answer = try await client.send(
                request(server.address.url()) {
                    $0.method = "POST"
                    $0.body = [UInt8](repeating: 0x78, count: size)
                })
            #expect(answer.text == "\(size) true")
        }
    }

    @Test("A body at the limit passes, one byte more is 413, and the connection goes on")
    func bodyLimit() async throws {
        var limits = HTTPServer.Limits()
        limits.bodyBytes = 1_000
        try await serving(limits: limits, { HTTPServerResponse(text: "\($0.body.count)") }) { server, _ in
            let port = server.address.port
            let answers = try await onThread { () -> [RawAnswer?] in
                guard let connection = RawConnection(port: port) else { return [] }
                return [1_000, 1_001, 300_000, 0, 1_000].map { size in
                    connection.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \(size)\r\n\r\n")
                    connection.send([UInt8](repeating: 0x78, count: size))
                    return connection.readAnswer()
                }
            }
            #expect(answers.map { $0?.status } == [200, 413, 413, 200, 200])
            #expect(answers.map { $0?.body } == ["1000", "Request body too large.\n", "Request body too large.\n", "0", "1000"])
        }
    }

    @Test("Headers past the limit are 431, below it they pass")
    func headerLimit() async throws {
        var limits = HTTPServer.Limits()
        limits.headerBytes = 8 << 10
        try await serving(limits: limits, { HTTPServerResponse(text: "\($0.headers["X-Long"]?.utf8.count ?? 0)") }) { server, _ in
            for (size, expected) in [(2_000, 200), (9_000, 431), (200_000, 431)] {
                let head = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Long: \(String(repeating: "x", count: size))\r\n\r\n"
                let answer = try await exchange(server.address.port, head)
                #expect(answer?.hasPrefix("HTTP/1.1 \(expected) ") == true, "\(size): \(answer?.prefix(40) ?? "none")")
            }
            let target = try await exchange(
                server.address.port, "GET /\(String(repeating: "x", count: 20_000)) HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(target?.hasPrefix("HTTP/1.1 414 ") == true)
            let many = String(repeating: "X-A: b\r\n", count: 5_000)
            let answer = try await exchange(server.address.port, "GET / HTTP/1.1\r\nHost: x\r\n\(many)\r\n")
            #expect(answer?.hasPrefix("HTTP/1.1 431 ") == true)
        }
    }

    @Test(
        "A long list of parameters arrives whole; too long a one is refused in words",
        arguments: [
            (1, 200), (600, 200), (3_000, 200), (4_096, 200), (4_097, 414), (8_000, 414), (20_000, 414),
        ])
    func manyParameters(_ count: Int, _ status: Int) async throws {
        try await serving({ HTTPServerResponse(text: "\($0.query.count) \($0.query.last?.value ?? "")") }) { server, _ in
            let query = Array(repeating: "a=1", count: count).joined(separator: "&")
            let answer = try await exchange(server.address.port, "GET /?\(query) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            #expect(answer?.hasPrefix("HTTP/1.1 \(status) ") == true, "\(answer?.prefix(40) ?? "none")")
            if status == 200 { #expect(answer?.hasSuffix("\r\n\r\n\(count) 1") == true) }
        }
    }

    @Test("What fits into the limit is answered, to the byte")
    func headerLimitToTheByte() async throws {
        try await serving({ _ in HTTPServerResponse(text: "") }) { server, _ in
            // "GET /", " HTTP/1.1", two headers and the ends of four lines.
            for (size, status) in [(32_700, 200), ((32 << 10) - 46, 200), ((32 << 10) - 45, 431), (33_500, 414), (48_000, 414)] {
                let head = "GET /\(String(repeating: "x", count: size)) HTTP/1.1\r\nConnection: close\r\n\r\n"
                let answer = try await exchange(
                    server.address.port, head.replacing("Connection: close", with: "Host: x\r\nConnection: close"))
                #expect(answer?.hasPrefix("HTTP/1.1 \(status) ") == true, "\(size): \(answer?.prefix(40) ?? "none")")
            }
        }
    }

    @Test("Whether somebody still waits is known", arguments: [false, true])
    func abandoned(_ leaves: Bool) async throws {
        let found = Mutex<Bool?>(nil)
        let isThere = Mutex(false)
        let handler: HTTPHandler = { request in
            isThere.withLock { $0 = true }
            let deadline = Deadline.after(seconds: leaves ? 20 : 0.2)
            while !request.isAbandoned(), !deadline.hasPassed { try? await Task.sleep(for: .milliseconds(5)) }
            found.withLock { $0 = request.isAbandoned() }
            return HTTPServerResponse(text: "")
        }
        try await serving(handler) { server, _ in
            var connection = RawConnection(port: server.address.port)
            try #require(connection != nil)
            connection?.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            while !isThere.withLock({ $0 }) { try? await Task.sleep(for: .milliseconds(1)) }
            if leaves { connection = nil }
            let deadline = Deadline.after(seconds: 20)
            while found.withLock({ $0 }) == nil, !deadline.hasPassed { try? await Task.sleep(for: .milliseconds(5)) }
            #expect(found.withLock { $0 } == leaves)
            withExtendedLifetime(connection) {}
        }
    }

    /// What no client of good will sends, and the statuses that may come back; none is a connection that was closed without a word.
    static let hostile: [(String, Set<String>)] = [
        ("\r\n\r\n\r\n", []), ("garbage\r\n\r\n", ["400", "405", "505"]), ("GET\r\n\r\n", ["400", "405", "505"]),
        ("GET / HTTP/1.1\r\n\r\n", ["400"]),
        ("GET / HTTP/9.9\r\nHost: x\r\n\r\n", ["200", "400", "505"]), ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", ["400"]),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n", ["400", "413"]),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n", ["400"]),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", ["411"]),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", ["411"]),
        ("GET / HTTP/1.1\r\nHost: x\r\n: no name\r\n\r\n", ["200", "400"]),
        ("GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", ["200", "400"]),
        ("GET / HTTP/1.1\nHost: x\nConnection: close\n\n", ["200", "400"]), ("GET \u{0} HTTP/1.1\r\nHost: x\r\n\r\n", ["200", "400"]),
        ("\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{FC}\u{3}\u{3}\r\n\r\n", ["400", "405", "505"]),
    ]

    @Test("Hostile input gets an error or silence, and the server goes on", arguments: hostile)
    func hostileInput(_ input: String, _ allowed: Set<String>) async throws {
        var limits = HTTPServer.Limits()
        limits.headerSeconds = 1
        try await serving(limits: limits, echo) { server, client in
            let port = server.address.port
            let answer = try await onThread { () -> String in
                guard let connection = RawConnection(port: port) else { return "" }
                connection.send(input)
                connection.finishSending()
                return connection.readToEnd()
            }
            if !answer.isEmpty {
                let status = answer.split(separator: " ", maxSplits: 2).dropFirst().first.map(String.init) ?? ""
                #expect(allowed.contains(status), "\(answer.prefix(100))")
            }
            #expect(try await client.send(request(server.address.url())).status == 200)
        }
    }

    @Test(
        "A request hidden in another's body is no request",
        arguments: [
            "Content-Length: 5\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 5",
            "Content-Length: 5\r\nContent-Length: 60",
        ])
    func smuggling(_ framing: String) async throws {
        let seen = Collected<String>()
        try await serving({
            seen.add($0.path); return HTTPServerResponse(text: "")
        }) { server, _ in
            _ = try await exchange(
                server.address.port,
                "POST /open HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\(framing)\r\n\r\n"
                    + "0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            )
            #expect(!seen.all.contains("/hidden"))
        }
    }

    @Test("Requests that follow each other without waiting are answered in their order")
    func pipelining() async throws {
        try await serving({ HTTPServerResponse(text: $0.path + String(decoding: $0.body, as: UTF8.self)) }) { server, _ in
            let port = server.address.port
            let bodies = try await onThread { () -> [String?] in
                guard let connection = RawConnection(port: port) else { return [] }
                connection.send((0..<50).map { "POST /\($0) HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx" }.joined())
                return (0..<50).map { _ in connection.readAnswer()?.body }
            }
            #expect(bodies == (0..<50).map { "/\($0)x" })
        }
    }

    @Test("A request that comes byte by byte is a request")
    func slowRequest() async throws {
        try await serving(echo) { server, _ in
            let port = server.address.port
            let answer = try await onThread { () -> RawAnswer? in
                guard let connection = RawConnection(port: port) else { return nil }
                for byte in Array("POST /slow?a=b HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody".utf8) { connection.send([byte]) }
                return connection.readAnswer()
            }
            #expect(answer?.status == 200)
            #expect(answer?.body == "POST /slow\n?a=b\nContent-Length: 4\n\nbody")
        }
    }

    @Test("A client that asks for leave to send its body gets it")
    func expectContinue() async throws {
        try await serving({ HTTPServerResponse(text: String(decoding: $0.body, as: UTF8.self)) }) { server, _ in
            let port = server.address.port
            let answers = try await onThread { () -> [RawAnswer?] in
                guard let connection = RawConnection(port: port) else { return [] }
                connection.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
                let leave = connection.readAnswer()
                connection.send("body")
                return [leave, connection.readAnswer()]
            }
            #expect(answers.map { $0?.status } == [100, 200])
            #expect(answers.last??.body == "body")
        }
    }
}
