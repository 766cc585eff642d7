import Glibc
import Primitives
import RawPeers
import Testing
import Web

@Suite("What the client refuses and survives")
struct ClientFailureTests {
    // MARK: what is never sent

    static let noURLs = [
        "", "/", "localhost", "127.0.0.1:80", "ftp://127.0.0.1/", "file:///etc/passwd", "FILE:///etc/passwd", "gopher://127.0.0.1/",
        "dict://127.0.0.1/", "smb://127.0.0.1/",
        "javascript:alert(1)", "http:", "http:/127.0.0.1", "://127.0.0.1", " http://127.0.0.1/", "http://", "http:///path", "https://",
        "http://127.0.0.1:99999/", "http://127.0.0.1:x/",
        "http://[::1/", "http://127.0.0.1/ HTTP/1.1", "http://127.0.0.1/\r\nX-Forged: 1", "http://127.0.0.1/\n",
        "http://127.0.0.1\u{0}.example.org/", "http://127.0.0.1/\t", "http://127.0.0.1/\u{7F}",
        "httpx://127.0.0.1/", "ws://127.0.0.1/",
    ]

    @Test("What is no URL of ours is refused as one", arguments: noURLs)
    func url(_ url: String) async throws {
        try await asking { #expect(await $0.failure(request(url)) == .url) }
    }

    struct Injection: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let change: @Sendable (inout HTTPRequest) -> Void
    }

    static let injections = [
        Injection(testDescription: "CR LF in a value") { $0.headers = [("X-A", "b\r\nX-Forged: 1")] },
        Injection(testDescription: "LF in a value") { $0.headers = [("X-A", "b\nX-Forged: 1")] },
        Injection(testDescription: "CR in a value") { $0.headers = [("X-A", "b\rX-Forged: 1")] },
        Injection(testDescription: "NUL in a value") { $0.headers = [("X-A", "b\u{0}c")] },
        Injection(testDescription: "ESC in a value") { $0.headers = [("X-A", "b\u{1B}c")] },
        Injection(testDescription: "a value that ends the head") { $0.headers = [("X-A", "\r\n\r\nGET /hidden HTTP/1.1")] },
        Injection(testDescription: "CR LF in a name") { $0.headers = [("X-A\r\nX-Forged", "1")] },
        Injection(testDescription: "a colon in a name") { $0.headers = [("X-Forged: 1", "1")] },
        Injection(testDescription: "a space in a name") { $0.headers = [("X A", "1")] },
        Injection(testDescription: "an empty name") { $0.headers = [("", "1")] },
        Injection(testDescription: "a name with a semicolon") { $0.headers = [("X-A;", "")] },
        Injection(testDescription: "CR LF in the method") { $0.method = "GET / HTTP/1.1\r\nX-Forged: 1\r\n\r\nGET" },
        Injection(testDescription: "a space in the method") { $0.method = "GET /hidden" },
        Injection(testDescription: "an empty method") { $0.method = "" },
        Injection(testDescription: "a second header among good ones") { $0.headers = [("X-A", "1"), ("X-B", "2\r\n")] },
    ]

    @Test("Nothing in a request can add a line to it", arguments: injections)
    func injection(_ row: Injection) async throws {
        let seen = Collected<String>()
        try await serving({
            seen.add($0.path); return HTTPServerResponse(text: "")
        }) { server, client in
            #expect(await client.failure(request(server.address.url(), row.change)) == .url)
            #expect(seen.all.isEmpty)
        }
    }

    @Test("No error shows what the request held")
    func secrets() async throws {
        let secret = "hunter2"
        try await asking { client in
            for change in [
                { $0.url = "ftp://root:\(secret)@127.0.0.1/?token=\(secret)" }, { $0.url = "http://root:\(secret)@127.0.0.1:99999/" },
                { $0.url = "http://root:\(secret)@127.0.0.1:1/?token=\(secret)" }, { $0.headers = [("Authorization", "\(secret)\n")] },
                { $0.method = "\(secret) \(secret)" },
            ] as [(inout HTTPRequest) -> Void] {
                let error = try #require(await client.error(of: request("http://127.0.0.1:1/", change)))
                #expect(!"\(error)".contains(secret), "\(error)")
                #expect(!error.message.isEmpty)
                #expect(!error.message.contains("\n"))
            }
        }
    }

    // MARK: time

    @Test("A server that never answers costs the deadline, no more")
    func deadline() async throws {
        let server = try RawServer { _ = $0.readToEnd() }
        try await asking { client in
            #expect(await client.failure(request(server.url) { $0.deadline = .after(seconds: 0.1) }) == .timeout)
        }
    }

    @Test("So does one that answers for ever")
    func endlessBody() async throws {
        let server = try RawServer { connection in
            _ = connection.read(through: "\r\n\r\n")
            connection.send("HTTP/1.1 200 OK\r\n\r\n")
            while connection.send([0x78]) { sched_yield() }
        }
        try await asking { client in
            #expect(await client.failure(request(server.url) { $0.deadline = .after(seconds: 0.2) }) == .timeout)
        }
    }

    @Test("A deadline that has passed sends nothing", arguments: [0, -5, Double.nan, -Double.infinity])
    func passedDeadline(_ seconds: Double) async throws {
        let server = try RawServer(answer: [])
        try await asking { client in
            #expect(await client.failure(request(server.url) { $0.deadline = .after(seconds: seconds) }) == .timeout)
            #expect(server.connectionCount == 0)
        }
    }

    @Test("A deadline in the far future is one", arguments: [1e9, 1e300, .infinity])
    func farDeadline(_ seconds: Double) async throws {
        try await serving(echo) { server, client in
            let answer = try await client.send(
                request(server.address.url()) {
                    $0.deadline = .after(seconds: seconds)
                    $0.connectTimeoutSeconds = seconds
                })
            #expect(answer.status == 200)
        }
    }

    // MARK: other sides

    @Test("Nobody listens")
    func refused() async throws {
        let address = ListenAddress(host: "127.0.0.1", port: 0)
        let descriptor = try address.listen(origin: "the test")
        let bound = address.bound(to: descriptor)
        close(descriptor)
        try await asking { #expect(await $0.failure(request(bound.url())) == .connect) }
    }

    static let noAnswers: [(String, HTTPClientError.Kind)] = [
        ("", .closed), ("garbage", .protocolViolation), ("garbage\r\n\r\n", .protocolViolation),
        ("SSH-2.0-OpenSSH_9.2\r\n", .protocolViolation),
        ("HTTP/1.1 abc\r\n\r\n", .protocolViolation), ("HTTP/4.2 200 OK\r\n\r\n", .protocolViolation),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", .protocolViolation),
        ("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nab", .protocolViolation),
        ("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nab", .protocolViolation),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", .protocolViolation),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", .protocolViolation),
        ("HTTP/1.1 200 OK\r\nX-A: b", .protocolViolation), ("\u{16}\u{3}\u{3}\u{0}\u{2}\u{2}\u{28}", .protocolViolation),
        ("HTTP/1.1 200 OK\r\nX\u{0}: b\r\nContent-Length: 0\r\n\r\n", .protocolViolation),
    ]

    @Test("Answers that are none", arguments: noAnswers)
    func garbage(_ answer: String, _ expected: HTTPClientError.Kind) async throws {
        let server = try RawServer(answer: Array(answer.utf8))
        try await asking { #expect(await $0.failure(request(server.url)) == expected) }
    }

    @Test("An answer that begins and never goes on, then breaks off")
    func brokenOff() async throws {
        let server = try RawServer { connection in
            connection.resetWhenClosed()
            _ = connection.read(through: "\r\n\r\n")
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        }
        try await asking { #expect(await $0.failure(request(server.url)) == .protocolViolation) }
    }

    @Test("Headers without end are cut off")
    func endlessHeaders() async throws {
        let server = try RawServer { connection in
            _ = connection.read(through: "\r\n\r\n")
            connection.send("HTTP/1.1 200 OK\r\n")
            let field = Array("X-A: \(String(repeating: "x", count: 10_000))\r\n".utf8)
            while connection.send(field) {}
        }
        try await asking { #expect(await $0.failure(request(server.url)) == .tooLarge) }
    }

    static let bodies: [(String, Int, Bool)] = [
        ("length", 1_000, true), ("length", 1_001, false), ("chunks", 1_000, true), ("chunks", 1_001, false), ("end", 1_000, true),
        ("end", 1_001, false),
        ("length", 3_000_000, false), ("end", 3_000_000, false),
    ]

    @Test("A body past the cap is refused, however it is framed; at the cap it passes", arguments: bodies)
    func bodyCap(_ framing: String, _ size: Int, _ passes: Bool) async throws {
        let body = String(repeating: "x", count: size)
        let answer =
            switch framing {
            case "length": "HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n\(body)"
            case "chunks": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(String(size, radix: 16))\r\n\(body)\r\n0\r\n\r\n"
            default: "HTTP/1.1 200 OK\r\n\r\n\(body)"
            }
        let server = try RawServer(answer: Array(answer.utf8))
        try await asking { client in
            let limited = request(server.url) { $0.bodyLimitBytes = 1_000 }
            if passes {
                let received = try await client.send(limited).body.count
                #expect(received == size)
            } else {
                let error = await client.error(of: limited)
                #expect(error?.kind == .tooLarge)
                #expect(error?.message == "answer larger than 1000 bytes")
            }
        }
    }

    @Test("A length of a petabyte reserves no petabyte, and its bytes are not waited for")
    func lyingLength() async throws {
        let server = try RawServer(answer: Array("HTTP/1.1 200 OK\r\nContent-Length: 1125899906842624\r\n\r\nab".utf8))
        try await asking { #expect(await $0.failure(request(server.url)) == .tooLarge) }
    }

    // MARK: giving up

    @Test("A cancelled task's request ends at once")
    func cancellation() async throws {
        let arrived = Gate()
        let server = try RawServer { connection in
            _ = connection.read(through: "\r\n\r\n")
            Task.detached { await arrived.pass() }
            _ = connection.readToEnd()
        }
        try await asking { client in
            let url = server.url
            let task = Task { await client.failure(request(url)) }
            await arrived.arrivals(1)
            arrived.open()
            task.cancel()
            #expect(await task.value == .cancelled)
        }
    }

    @Test("A task that was cancelled before it asks gets its word too")
    func cancelledBefore() async throws {
        let server = try RawServer { _ = $0.readToEnd() }
        try await asking { client in
            let url = server.url
            for _ in 0..<50 {
                let kind = await Task {
                    withUnsafeCurrentTask { $0?.cancel() }
                    return await client.failure(request(url))
                }.value
                #expect(kind == .cancelled)
            }
        }
    }

    @Test("Closing the client ends what is in flight, and nothing is sent afterwards")
    func closing() async throws {
        let arrived = Gate()
        let server = try RawServer { connection in
            _ = connection.read(through: "\r\n\r\n")
            Task.detached { await arrived.pass() }
            _ = connection.readToEnd()
        }
        let client = try HTTPClient()
        let url = server.url
        let kinds = await withTaskGroup(of: HTTPClientError.Kind?.self) { group in
            for _ in 0..<10 { group.addTask { await client.failure(request(url)) } }
            await arrived.arrivals(10)
            arrived.open()
            client.close()
            return await group.reduce(into: [HTTPClientError.Kind?]()) { $0.append($1) }
        }
        #expect(kinds == [HTTPClientError.Kind?](repeating: .cancelled, count: 10))
        client.close()
        #expect(await client.failure(request(url)) == .cancelled)
    }
}
