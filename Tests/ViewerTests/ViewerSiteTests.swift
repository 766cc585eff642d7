import CollectorConformance
import Exporting
import JSON
import Metrics
import Primitives
import Settings
import Synchronization
import Testing
import UpstreamConfiguration
import Web

@testable import Viewer

/// The site in front of programs that are made of a function.
@Suite struct ViewerSiteTests {
    /// What a program was asked, and what it is to answer.
    private final class Program: Sendable {
        let asked = Mutex<[HTTPServerRequest]>([])
        let answer: @Sendable (HTTPServerRequest) -> HTTPServerResponse

        init(_ answer: @escaping @Sendable (HTTPServerRequest) -> HTTPServerResponse) { self.answer = answer }

        @Sendable func handle(_ request: HTTPServerRequest) async -> HTTPServerResponse {
            asked.withLock { $0.append(request) }
            return answer(request)
        }

        var requests: [HTTPServerRequest] { asked.withLock { $0 } }
    }

    private static func withSite(
        _ program: Program, _ change: (inout ViewerSettings) -> Void = { _ in }, _ body: (ViewerCollector, HTTPHandler) async throws -> Void
    ) async throws {
        let server = try HTTPServer(
            listen: ListenAddress(host: "127.0.0.1", port: 0), origin: "test", logger: .silent, handler: program.handle)
        let http = try HTTPClient()
        var settings = ViewerSettings()
        settings.prometheus = UpstreamSettings(url: server.address.url())
        settings.alertmanager = UpstreamSettings(url: server.address.url() + "/alerts")
        settings.loki = UpstreamSettings(url: server.address.url() + "/lines")
        change(&settings)
        let version = Version(number: "1.2.3", revision: "abc", swift: "6")
        let collector = try ViewerCollector(settings, boards: [], http: http, version: version, clock: .fixed(1_896_076_800)) { false }
        guard let site = collector.site else { throw Failure(.usage, "there is a site") }
        try await body(collector, site.handler)
        http.close()
        await server.stop(withinSeconds: 1)
    }

    private static func request(
        _ method: String, _ path: String, _ query: [(name: String, value: String)] = [], headers: [(name: String, value: String)] = [],
        body: String = "", user: String? = nil
    ) -> HTTPServerRequest {
        HTTPServerRequest(
            method: method, path: path, query: query, headers: HTTPHeaders([("Host", "localhost:3000")] + headers), body: Array(body.utf8),
            user: user)
    }

    private static func text(_ response: HTTPServerResponse) -> String {
        if case .bytes(let bytes) = response.body { String(decoding: bytes, as: UTF8.self) } else { "" }
    }

    private static let nothing = #"{"status":"success","data":[]}"#
    private static let good = Program { _ in HTTPServerResponse(json: Array(nothing.utf8)) }

    @Test func `it is a collector as all are`() async throws {
        try await Self.withSite(Self.good) { collector, _ in
            let violations = await CollectorConformance(
                prefixes: ["martlet_dashboards_"], unseen: [], healthy: Scene("dashboards", .healthy), broken: []
            ) { collector }.violations()
            #expect(violations.isEmpty)
        }
    }

    @Test(arguments: ["/", "/alerts", "/d/martlet-host-detail", "/d/x/y/z?"])
    func `the page routes by itself`(_ path: String) async throws {
        try await Self.withSite(Self.good) { _, site in
            let response = await site(Self.request("GET", path))
            #expect(response.status == 200)
            #expect(response.headers["Content-Type"] == "text/html; charset=utf-8")
            let refused = await site(Self.request("POST", path))
            #expect(refused.status == 405)
        }
    }

    @Test func `questions go where they belong`() async throws {
        let program = Program { _ in HTTPServerResponse(json: Array(Self.nothing.utf8)) }
        try await Self.withSite(program) { _, site in
            let form = [(name: "Content-Type", value: "application/x-www-form-urlencoded")]
            for request in [
                Self.request("GET", "/api/prometheus/api/v1/query", [("query", "up")]),
                Self.request("POST", "/api/prometheus/api/v1/query", headers: form, body: "query=up%2B1"),
                Self.request("GET", "/api/alertmanager/api/v2/alerts", [("filter", "a=\"b\"")]),
                Self.request("GET", "/api/loki/loki/api/v1/query_range", [("query", "{a=\"b\"}"), ("start", "1"), ("end", "2")]),
            ] {
                let response = await site(request)
                #expect(response.status == 200)
                #expect(Self.text(response) == Self.nothing)
                #expect(response.headers["Cache-Control"] == "no-store")
            }
            let requests = program.requests
            #expect(requests.map(\.path) == ["/api/v1/query", "/api/v1/query", "/alerts/api/v2/alerts", "/lines/loki/api/v1/query_range"])
            #expect(requests.map(\.method) == ["POST", "POST", "GET", "GET"])
            #expect(String(decoding: requests[1].body, as: UTF8.self) == "query=up%2B1&timeout=27s")
            #expect(requests[2].parameter("filter") == "a=\"b\"")
        }
    }

    @Test(arguments: [
        ("GET", "/api/prometheus/api/v1/targets", 404), ("GET", "/api/prometheus/../alerts/api/v2/status", 404),
        ("GET", "/api/prometheus", 404), ("GET", "/api/alertmanager/api/v2/status", 404),
        ("GET", "/api/alertmanager/api/v2/receivers", 404),
        ("POST", "/api/alertmanager/api/v2/alerts", 405), ("GET", "/api/loki/loki/api/v1/push", 404),
        ("POST", "/api/loki/loki/api/v1/query_range", 405),
        ("DELETE", "/api/prometheus/api/v1/query", 405), ("POST", "/api/me", 405), ("POST", "/api/runbook", 405),
        ("GET", "/api/runbook", 400), ("GET", "/api/runbook/x", 404), ("POST", "/api/boards", 405), ("GET", "/api/", 404),
        ("GET", "/api/boards/none", 404), ("GET", "/nothing", 404), ("GET", "/api/alertmanager/api/v2/silence/x", 404),
    ])
    func `nothing else can be reached`(_ method: String, _ path: String, _ status: Int) async throws {
        let program = Program { _ in HTTPServerResponse(json: Array(Self.nothing.utf8)) }
        try await Self.withSite(program) { _, site in
            let response = await site(Self.request(method, path))
            #expect(response.status == status)
            #expect(program.requests.isEmpty)
        }
    }

    @Test func `a page of another site gets nothing done`() async throws {
        let program = Program { _ in HTTPServerResponse(json: Array(Self.nothing.utf8)) }
        try await Self.withSite(program) { _, site in
            for headers in [[(name: "Sec-Fetch-Site", value: "cross-site")], [(name: "Origin", value: "http://evil.example")]] {
                let response = await site(Self.request("GET", "/api/prometheus/api/v1/query", [("query", "up")], headers: headers))
                #expect(response.status == 403)
            }
            #expect(program.requests.isEmpty)
        }
    }

    @Test func `what is wrong comes in words`() async throws {
        let cases: [(HTTPServerResponse, Int, String)] = [
            (HTTPServerResponse(status: 400, json: Array(#"{"status":"error","error":"parse error"}"#.utf8)), 400, "parse error"),
            (HTTPServerResponse(status: 302, headers: HTTPHeaders([("Location", "http://127.0.0.1:1/")])), 502, "redirect"),
            (HTTPServerResponse(status: 401, text: "Unauthorized"), 502, "does not let martlet in"),
            (
                HTTPServerResponse(status: 200, contentType: "text/html", text: "<html>login</html>"), 502,
                "does not answer as Prometheus does"
            ),
            (HTTPServerResponse(status: 500, text: "no\nmore"), 502, "status 500: no more"), (.dropped, 502, "cannot be reached"),
        ]
        for (answer, status, words) in cases {
            try await Self.withSite(Program { _ in answer }) { _, site in
                let response = await site(Self.request("GET", "/api/prometheus/api/v1/query", [("query", "up")]))
                #expect(response.status == status)
                #expect(Self.text(response).contains(words))
                #expect(response.headers["Location"] == nil)
            }
        }
    }

    @Test func `an answer that is too large is refused`() async throws {
        let large = Program { _ in HTTPServerResponse(json: Array(repeating: UInt8(ascii: "["), count: 2 << 20)) }
        try await Self.withSite(large, { $0.answerBytes = 1 << 20 }) { _, site in
            let response = await site(Self.request("GET", "/api/prometheus/api/v1/query", [("query", "up")]))
            #expect(response.status == 502)
            #expect(Self.text(response).contains("max_answer_mib"))
        }
    }

    // MARK: silences

    private static let silence =
        #"{"matchers":[{"name":"alertname","value":"HostDown","isRegex":false}],"endsAt":"2030-01-31T10:00:00Z","comment":"new disk","createdBy":"root"}"#
    private static let json = [(name: "Content-Type", value: "application/json")]
    private static let ours = json + [(name: "Origin", value: "http://localhost:3000")]
    private static let path = "/api/alertmanager/api/v2/silences"

    @Test func `a user silences from our page`() async throws {
        let program = Program { _ in HTTPServerResponse(json: Array(#"{"silenceID":"x"}"#.utf8)) }
        try await Self.withSite(program) { _, site in
            let created = await site(Self.request("POST", Self.path, headers: Self.ours, body: Self.silence, user: "ada"))
            #expect(created.status == 200)
            #expect(Self.text(created) == #"{"silenceID":"x"}"#)
            #expect(String(decoding: program.requests[0].body, as: UTF8.self).contains(#""createdBy":"ada""#))
            #expect(program.requests[0].path == "/alerts/api/v2/silences")
            let id = "5b0c2f5e-4b1f-4a5e-9f4e-7a9b8c1d2e3f"
            let expired = await site(Self.request("DELETE", "/api/alertmanager/api/v2/silence/\(id)", headers: Self.ours, user: "ada"))
            #expect(expired.status == 200)
            #expect(program.requests[1].method == "DELETE")
            #expect(program.requests[1].path == "/alerts/api/v2/silence/\(id)")
        }
    }

    @Test func `nobody else does`() async throws {
        let program = Program { _ in HTTPServerResponse(json: Array("{}".utf8)) }
        try await Self.withSite(program) { _, site in
            let foreign = Self.json + [(name: "Origin", value: "http://localhost:3001")]
            let form = [(name: "Origin", value: "http://localhost:3000"), (name: "Content-Type", value: "text/plain")]
            for (request, status) in [
                (Self.request("POST", Self.path, headers: Self.ours, body: Self.silence), 403),
                (Self.request("POST", Self.path, headers: Self.json, body: Self.silence, user: "ada"), 403),
                (Self.request("POST", Self.path, headers: foreign, body: Self.silence, user: "ada"), 403),
                (Self.request("POST", Self.path, headers: form, body: Self.silence, user: "ada"), 415),
                (Self.request("POST", Self.path, [("x", "y")], headers: Self.ours, body: Self.silence, user: "ada"), 400),
                (Self.request("POST", Self.path, headers: Self.ours, body: "{}", user: "ada"), 400),
                (Self.request("DELETE", "/api/alertmanager/api/v2/silence/..", headers: Self.ours, user: "ada"), 404),
                (Self.request("PUT", Self.path, headers: Self.ours, body: Self.silence, user: "ada"), 405),
            ] {
                let response = await site(request)
                #expect(response.status == status)
                #expect(Self.text(response).hasPrefix(#"{"error":"#))
            }
            #expect(program.requests.isEmpty)
        }
    }

    @Test func `it says who asks and why nothing can be silenced`() async throws {
        try await Self.withSite(Self.good) { _, site in
            let (stranger, user) = (await site(Self.request("GET", "/api/me")), await site(Self.request("GET", "/api/me", user: "ada")))
            #expect(Self.text(stranger).contains(#""user":null,"maySilence":false,"whyNot":"Creating silences needs a user"#))
            #expect(
                Self.text(user)
                    == #"{"version":"1.2.3","user":"ada","maySilence":true,"whyNot":null,"alertmanager":true,"loki":true,"runbook":true}"#)
        }
        try await Self.withSite(Self.good, { $0.alertmanager = nil }) { _, site in
            let response = await site(Self.request("GET", "/api/me", user: "ada"))
            #expect(Self.text(response).contains(#""maySilence":false,"whyNot":"No Alertmanager"#))
        }
    }
}
