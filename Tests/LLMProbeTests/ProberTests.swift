import Glibc
import JSON
import Primitives
import RawPeers
import Synchronization
import Testing
import Web

@testable import LLMProbe

@Suite("Servers of many kinds are asked") struct ProberTests {
    private static let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    private static func chunk(_ text: String) -> String { String(text.utf8.count, radix: 16) + "\r\n\(text)\r\n" }
    private static func word(_ text: String) -> String { chunk(#"data: {"choices":[{"delta":{"content":"\#(text)"}}]}"# + "\n\n") }
    private static let done = chunk("data: [DONE]\n\n")

    /// Asks a server that does with each connection what is said.
    private static func ask(
        timeoutSeconds: Double = 10, dialect: ProbeDialect = .chat, _ serve: @escaping @Sendable (RawConnection) -> Void
    ) async throws -> ProbeResult? {
        let server = try RawServer { connection in
            _ = connection.read(through: "\r\n\r\n")
            serve(connection)
            connection.finishSending()
            _ = connection.readToEnd()
        }
        return try await ask(server.url, timeoutSeconds: timeoutSeconds, dialect: dialect)
    }

    private static func ask(_ url: String, timeoutSeconds: Double = 10, dialect: ProbeDialect = .chat) async throws -> ProbeResult? {
        let http = try HTTPClient()
        defer { http.close() }
        return await Prober(http).ask(ProbeQuestion(baseURL: url, dialect: dialect, model: "m"), timeoutSeconds: timeoutSeconds)
    }

    private static func pause(_ milliseconds: UInt32) { usleep(milliseconds * 1000) }

    @Test func `a good one`() async throws {
        let result = try await Self.ask { connection in
            connection.send(Self.head)
            Self.pause(200)
            for word in ["one", "two", "three"] {
                connection.send(Self.word(word))
                Self.pause(100)
            }
            connection.send(Self.done + "0\r\n\r\n")
        }
        #expect(result?.outcome == .ok && result?.status == 200 && result?.reason == "")
        #expect(result?.generatedTokens == 3)
        // A busy machine is late, never early.
        #expect((0.19...5).contains(result?.secondsToFirstToken ?? 0))
        #expect((0.09...5).contains(result?.secondsBetweenTokens ?? 0))
        #expect((result?.durationSeconds ?? 0) >= 0.39)
    }

    @Test func `the answer ends with its last word, though the connection stays`() async throws {
        let result = try await Self.ask(timeoutSeconds: 30) { connection in
            connection.send(Self.head + Self.word("one") + Self.done)
            Self.pause(1500)
        }
        #expect(result?.outcome == .ok)
        #expect((result?.durationSeconds ?? 30) < 20)
    }

    @Test func `one that is silent, and one that falls silent`() async throws {
        let silent = try await Self.ask(timeoutSeconds: 0.5) { _ in Self.pause(1500) }
        #expect(silent?.outcome == .timeout && silent?.status == nil && silent?.secondsToFirstToken == nil)
        #expect((0.4...10).contains(silent?.durationSeconds ?? 0))
        let stalled = try await Self.ask(timeoutSeconds: 0.5) { connection in
            connection.send(Self.head + Self.word("one"))
            Self.pause(1500)
        }
        #expect(stalled?.outcome == .stalled && stalled?.status == 200)
        #expect(stalled?.secondsToFirstToken != nil && stalled?.secondsBetweenTokens == nil)
    }

    @Test func `one that refuses`() async throws {
        let port: UInt16 = try { try RawServer { _ in }.port }()
        #expect(try await Self.ask("http://127.0.0.1:\(port)")?.outcome == .refused)
        let closing = try await Self.ask { _ in }
        #expect(closing?.outcome == .refused)
    }

    @Test func `one that speaks no TLS`() async throws {
        let server = try RawServer { connection in
            connection.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            connection.finishSending()
            _ = connection.readToEnd()
        }
        let url = "https" + server.url.dropFirst(4)
        #expect(try await Self.ask(url)?.outcome == .tls)
    }

    @Test(arguments: [302, 401, 404, 429, 500, 503]) func `another status`(_ status: Int) async throws {
        let result = try await Self.ask { connection in
            // What looks like an answer is none.
            let body = "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\ndata: [DONE]\n\n"
            connection.send("HTTP/1.1 \(status) Word\r\nLocation: http://192.0.2.1/\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        }
        #expect(result?.outcome == .status && result?.status == status)
        #expect(result?.reason == "status \(status)" && result?.secondsToFirstToken == nil)
    }

    /// What liars send behind the head.
    static let lies: [(String, ProbeResult.Outcome)] = [
        (chunk("<html>busy</html>\n") + "0\r\n\r\n", .malformed),
        (chunk(#"{"choices":[{"message":{"content":"not streamed"}}]}"#) + "0\r\n\r\n", .malformed),
        (chunk("data: {oops\n\n") + "0\r\n\r\n", .malformed),
        (word("one") + "0\r\n\r\n", .malformed),
        (word("one"), .malformed),
        (word("one") + "zz\r\n", .malformed),
        (String(repeating: word("on and on"), count: 5000), .malformed),
        (done + "0\r\n\r\n", .empty),
        (chunk("data: {\"error\":{\"message\":\"out of memory\"}}\n\n") + "0\r\n\r\n", .error),
    ]

    @Test(arguments: lies) func `one that lies`(_ text: String, _ outcome: ProbeResult.Outcome) async throws {
        let result = try await Self.ask { connection in connection.send(Self.head + text) }
        #expect(result?.outcome == outcome)
        #expect((result?.generatedTokens ?? 99) <= 16)
    }

    @Test func `one that is endless is left, and the next question is asked`() async throws {
        let server = try RawServer { connection in
            _ = connection.read(through: "\r\n\r\n")
            connection.send(Self.head)
            while connection.send(Self.chunk(": " + String(repeating: "x", count: 9000) + "\n")) {}
        }
        for _ in 0..<2 {
            let result = try await Self.ask(server.url, timeoutSeconds: 30)
            #expect(result?.outcome == .malformed && result?.reason == "the stream has no end")
        }
    }

    @Test func `a cancelled question is no result`() async throws {
        let server = try RawServer { connection in _ = connection.readToEnd() }
        let url = server.url
        let asking = Task { try await Self.ask(url, timeoutSeconds: 30) }
        try await Task.sleep(for: .milliseconds(100))
        asking.cancel()
        let result = try await asking.value
        #expect(result == nil)
    }

    @Test(arguments: ProbeDialect.allCases) func `what is asked`(_ dialect: ProbeDialect) throws {
        var question = ProbeQuestion(baseURL: "http://10.0.0.5:8000/v/", dialect: dialect, model: "a \"b\"")
        question.authorization = Secret("Bearer s3cret")
        question.keepAliveSeconds = 240
        let request = question.request(nonce: 42, by: .after(seconds: 1))
        #expect(request.url == "http://10.0.0.5:8000/v" + dialect.path)
        #expect(request.headers.contains { $0 == ("Authorization", "Bearer s3cret") })
        try JSONDocument(parsing: request.body ?? []).withRoot { root in
            #expect(root["model"]?.text == "a \"b\"")
            #expect(root["stream"]?.flag == true)
            var texts: [String] = [root["prompt"]?.text].compactMap { $0 }
            root["messages"]?.forEachElement { if let text = $0["content"]?.text { texts.append(text) } }
            #expect(texts.count == 1 && texts[0].hasPrefix("42: "))
            #expect((root["max_tokens"]?.integer ?? root["options"]?["num_predict"]?.integer) == 16)
            #expect(root["keep_alive"]?.integer == (dialect == .ollama ? 240 : nil))
            #expect(root["stream_options"]?["include_usage"]?.flag == (dialect == .ollama ? nil : true))
        }
    }
}
