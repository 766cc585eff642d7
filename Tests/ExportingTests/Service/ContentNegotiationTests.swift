import CollectorConformance
import Metrics
import Testing
import Web

@testable import Exporting

@Suite struct ContentNegotiationTests {
    private static let text = "text/plain; version=0.0.4; charset=utf-8"
    private static let standard = "application/openmetrics-text; version=1.0.0; charset=utf-8"
    private static let draft = "application/openmetrics-text; version=0.0.1; charset=utf-8"

    private static func contentType(_ accept: String...) -> String { ContentNegotiation.format(accept: accept).contentType }

    /// What a program sends, and what it gets.
    struct Client: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let accept: String?
        let contentType: String
    }

    private static let protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"

    static let clients = [
        // What Debian's Prometheus sends. The end-to-end tests let the program itself send it, and compare it with these lines.
        Client(
            testDescription: "Prometheus 2.42",
            accept: "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", contentType: standard),
        Client(
            testDescription: "Prometheus 2.30",
            accept: "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            contentType: draft),
        Client(testDescription: "Prometheus 2.2", accept: "text/plain;version=0.0.4;q=1,*/*;q=0.1", contentType: text),
        Client(
            testDescription: "Prometheus 2.42 with native histograms",
            accept: protobuf + ",application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,"
                + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", contentType: standard),
        Client(
            testDescription: "Prometheus 2.49",
            accept: "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
                + "text/plain;version=0.0.4;q=0.3,*/*;q=0.2", contentType: standard),
        Client(
            testDescription: "Prometheus 3.3",
            accept: "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                + "application/openmetrics-text;version=0.0.1;escaping=allow-utf-8;q=0.5,"
                + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
                + "text/plain;version=0.0.4;escaping=allow-utf-8;q=0.3,*/*;q=0.2", contentType: standard + "; escaping=allow-utf-8"),
        Client(
            testDescription: "Prometheus 3.11, and OpenTelemetry's collector",
            accept:
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,"
                + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            contentType: standard + "; escaping=allow-utf-8"),
        Client(
            testDescription: "Prometheus 3.15",
            accept:
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.7,application/openmetrics-text;version=0.0.1;q=0.6,"
                + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.3",
            contentType: standard + "; escaping=allow-utf-8"),
        Client(
            testDescription: "Grafana Alloy, and Prometheus 3 with legacy names",
            accept:
                "application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,"
                + "text/plain;version=1.0.0;escaping=underscores;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            contentType: standard + "; escaping=underscores"),
        Client(
            testDescription: "Prometheus 3 with native histograms, and OpenTelemetry's collector with them",
            accept: protobuf + ";q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
                + "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
                + "text/plain;version=0.0.4;q=0.2,*/*;q=0.1", contentType: standard + "; escaping=allow-utf-8"),
        Client(
            testDescription: "Prometheus 3 that wants dots escaped, by which every underscore is another name",
            accept: protobuf + ";q=0.6,application/openmetrics-text;version=1.0.0;escaping=dots;q=0.5,"
                + "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=dots;q=0.3,"
                + "text/plain;version=0.0.4;q=0.2,*/*;q=0.1", contentType: draft),
        Client(
            testDescription: "Prometheus 3 set to text alone", accept: "text/plain;version=0.0.4;q=0.3,*/*;q=0.2", contentType: text),
        Client(
            testDescription: "Prometheus' documentation of negotiation",
            accept: "application/openmetrics-text;version=1.0.0;escaping=allow-utf8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
                + "text/plain;version=1.0.0;escaping=allow-utf8;q=0.3,text/plain;version=0.0.4;q=0.2,/;q=0.1",
            contentType: standard + "; escaping=allow-utf-8"),
        Client(testDescription: "vmagent, and netdata", accept: "text/plain;version=0.0.4;q=1,*/*;q=0.1", contentType: text),
        Client(testDescription: "Telegraf", accept: protobuf + ";q=0.7,text/plain;version=0.0.4;q=0.3", contentType: text),
        Client(
            testDescription: "Telegraf before 1.23", accept: protobuf + ";q=0.7,text/plain;version=0.0.4;q=0.3,*/*;q=0.1", contentType: text
        ),
        Client(
            testDescription: "Datadog's agent",
            accept: "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", contentType: standard),
        Client(testDescription: "curl, and wget", accept: "*/*", contentType: text),
        Client(testDescription: "Go's client, and Python's urllib", accept: nil, contentType: text),
        Client(
            testDescription: "Firefox", accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", contentType: text),
        Client(
            testDescription: "Firefox before 132",
            accept: "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", contentType: text),
        Client(
            testDescription: "Chromium",
            accept: "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
                + "application/signed-exchange;v=b3;q=0.7", contentType: text),
        Client(testDescription: "Java's client", accept: "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", contentType: text),
    ]

    @Test(arguments: clients)
    func `programs get what they can read`(client: Client) {
        #expect(ContentNegotiation.format(accept: client.accept.map { [$0] } ?? []).contentType == client.contentType)
    }

    @Test(arguments: [
        ("", text), ("application/openmetrics-text", standard), ("application/openmetrics-text;version=1.0.0", standard),
        ("application/openmetrics-text; version=0.0.1", draft), ("application/openmetrics-text;version=2.0.0", text),
        ("application/openmetrics-text;version=0.0.4", text), ("text/plain;version=1.0.0", text), ("text/plain", text),
        ("application/openmetrics-protobuf; version=1.0.0", text), ("application/json", text), ("image/*", text),
        // Wildcards.
        ("application/*", standard), ("text/*", text), ("text/*, application/*;q=0.5", text), ("text/*;q=0.5, application/*", standard),
        ("*/*;q=0.1, application/openmetrics-text;q=0.2", standard), ("*/*;q=0.3, application/openmetrics-text;q=0.2", text),
        ("*/*, application/openmetrics-text", standard), ("application/openmetrics-text;version=0.0.1, */*", draft),
        ("*", text), ("*/plain", text), ("*/openmetrics-text", text),
        // Refusals.
        ("text/plain;q=0, */*", standard), ("text/*;q=0, */*;q=0.1", standard), ("application/openmetrics-text;q=0, */*", text),
        ("application/openmetrics-text;version=1.0.0;q=0, application/openmetrics-text", draft),
        ("text/plain;q=0", text), ("*/*;q=0", text), ("text/plain;q=0, application/*;q=0, */*", text),
        ("application/*;q=0, application/openmetrics-text;q=0.001", standard),
        ("text/plain;q=0.0, application/openmetrics-text;q=0.000", text),
        // The most specific range holds, wherever it stands.
        ("application/openmetrics-text;q=0.9, application/openmetrics-text;version=1.0.0;q=0.1, text/plain;q=0.5", draft),
        ("text/plain;q=0.1, text/plain;version=0.0.4;q=0.9, application/openmetrics-text;q=0.5", text),
        ("text/plain;version=0.0.4;q=0.1, text/plain;q=0.9, application/openmetrics-text;q=0.5", standard),
        ("text/plain;version=1.0.0;q=0.9, application/openmetrics-text;q=0.5, text/plain;version=0.0.4;q=0.1", standard),
        ("text/*;q=0.9, text/plain;q=0.2, application/openmetrics-text;q=0.5", standard),
        ("application/openmetrics-text;q=0.2, text/plain;q=0.4, application/openmetrics-text;q=0.6", standard),
        // One weight.
        ("application/openmetrics-text, text/plain", standard), ("text/plain, application/openmetrics-text", text),
        ("application/openmetrics-text;version=0.0.1, application/openmetrics-text;version=1.0.0", draft),
        ("text/plain;q=0.5, application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.5", text),
        ("text/plain;q=0.500, application/openmetrics-text;q=0.5", text),
        ("text/plain;q=0.5, application/openmetrics-text;q=0.501", standard),
        // Ways to escape names.
        ("application/openmetrics-text;version=1.0.0;escaping=underscores", standard + "; escaping=underscores"),
        ("application/openmetrics-text;escaping=Allow-UTF-8", standard + "; escaping=allow-utf-8"),
        ("application/openmetrics-text;version=1.0.0;escaping=values", text),
        ("application/openmetrics-text;version=1.0.0;escaping=x", text),
        ("application/openmetrics-text;version=1.0.0;escaping=\"\"", text),
        ("application/openmetrics-text;version=0.0.1;escaping=values", draft), ("text/plain;version=0.0.4;escaping=values", text),
        (
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.4,"
                + "application/openmetrics-text;version=1.0.0;escaping=underscores",
            standard + "; escaping=underscores"
        ),
        // Other parameters tell nothing apart.
        ("application/openmetrics-text;version=1.0.0;charset=utf-8", standard), ("application/openmetrics-text;validchars=utf8", standard),
        ("text/plain;version=0.0.4;charset=utf-8;q=0.1, application/openmetrics-text;q=0.2;x=y", standard),
    ])
    func `what a field asks for`(accept: String, contentType: String) {
        #expect(Self.contentType(accept) == contentType)
    }

    /// Ways to write what asks for OpenMetrics 1.0.0.
    @Test(arguments: [
        "Application/OpenMetrics-Text;Version=1.0.0", "application/openmetrics-text ; version=1.0.0",
        "\t application/openmetrics-text\t;\tversion=1.0.0 \t", "application/openmetrics-text;;version=1.0.0;",
        ",,application/openmetrics-text,,",
        ", ,\t, application/openmetrics-text", "application/openmetrics-text;version=\"1.0.0\"",
        #"application/openmetrics-text;version="1\.0.\0""#,
        "application/openmetrics-text;version=1.0.0;Q=1", "application/openmetrics-text;q=1.", "application/openmetrics-text;q=1.000",
        "application/openmetrics-text;q=0.001", "application/openmetrics-text;q=\"0.5\"",
        "application/openmetrics-text;q=0.5;version=1.0.0",
        #"application/openmetrics-text;note="a, b; q=0 \" , text/plain";version=1.0.0"#,
        #"a/b;c="d,application/json", application/openmetrics-text"#,
    ])
    func `spellings of one wish`(accept: String) {
        #expect(Self.contentType(accept) == Self.standard)
        #expect(Self.contentType(accept + ", text/plain;q=0") == Self.standard)
    }

    /// What is no range of the grammar says nothing, and takes nothing of its neighbours with it.
    @Test(arguments: [
        "application/openmetrics-text;q=", "application/openmetrics-text;q=2", "application/openmetrics-text;q=1.1",
        "application/openmetrics-text;q=1.0000", "application/openmetrics-text;q=0.0001", "application/openmetrics-text;q=-1",
        "application/openmetrics-text;q=.5", "application/openmetrics-text;q=0,5", "application/openmetrics-text;q=x",
        "application/openmetrics-text;q=nan", "application/openmetrics-text;q=1e0", "application/openmetrics-text;q= 1",
        "application/openmetrics-text;q =1", "application/openmetrics-text;q=1;q=1",
        "application/openmetrics-text;version=1.0.0;version=1.0.0",
        "application/openmetrics-text;escaping=underscores;escaping=underscores", "application/openmetrics-text;version",
        "application/openmetrics-text;=1.0.0", "application/openmetrics-text;version=", "application/openmetrics-text version=1.0.0",
        "application /openmetrics-text", "application/ openmetrics-text", "application/openmetrics-text/1", "application", "application/",
        "/openmetrics-text", "/", ";", "=", "application/openmetrics-text;version=1.0.0 0", "application\\openmetrics-text",
        "(application)/x",
        "application/openmetrics-text\u{0}", "application/öpenmetrics-text", "application/openmetrics-text;version=1.0.0\u{A0}",
        "\u{FEFF}text/plain",
        "application/openmetrics-text;version=\"1.0.0\"x", "\"application/openmetrics-text\"",
    ])
    func `what is malformed says nothing`(item: String) {
        #expect(Self.contentType(item) == Self.text)
        #expect(Self.contentType("\(item), text/plain;q=0.1") == Self.text)
        #expect(Self.contentType("\(item),application/openmetrics-text;version=0.0.1;q=0.1") == Self.draft)
        #expect(Self.contentType("application/openmetrics-text;version=0.0.1;q=0.1,\(item)") == Self.draft)
    }

    @Test(arguments: [
        #"text/plain;x="y"#, #"application/openmetrics-text;version="1.0.0"#, #"""#, #"a/b;c="\"#, #"a/b;c="d\""#, #"a/b;c="d\\\"#,
    ])
    func `a quotation without an end reaches to the end`(item: String) {
        #expect(Self.contentType(item) == Self.text)
        #expect(Self.contentType("\(item),application/openmetrics-text") == Self.text)
        #expect(Self.contentType("application/openmetrics-text,\(item)") == Self.standard)
        // The next field begins anew.
        #expect(Self.contentType(item, "application/openmetrics-text") == Self.standard)
    }

    @Test func `several fields are one list`() {
        #expect(Self.contentType("text/plain;q=0.5", "application/openmetrics-text;q=0.7") == Self.standard)
        #expect(Self.contentType("text/plain;q=0.5", "", "application/openmetrics-text;q=0.3") == Self.text)
        #expect(Self.contentType("text/plain", "application/openmetrics-text") == Self.text)
    }

    @Test(arguments: [",", ";", "\"", "a/b,", "a/b;q=1,", "\\", "/", " ", "*/*,", "a/b;c=\"d\",", "a/b;c=\",", "text/plain;version=0.0.4,"])
    func `a long field costs no more than its length`(piece: String) {
        let times = (30 << 10) / piece.utf8.count
        let field = String(repeating: piece, count: times)
        let begin = ContinuousClock.now
        for _ in 0..<10 { #expect(Self.contentType(field) == Self.text) }
        // Ten fields of 30 KiB take some milliseconds; a cost that grows with the square of the length would be minutes.
        #expect(ContinuousClock.now - begin < .seconds(5))
    }

    // MARK: over HTTP

    private static func router() throws -> Router {
        let handler = MetricsHandler(
            coordinator: try ScrapeCoordinator.make([StubCollector("a")]), deadline: ScrapeDeadline(capSeconds: 10), onResult: { _ in })
        var router = Router()
        router.get("/metrics", handler.handle)
        return router
    }

    @Test(arguments: Transport.allCases)
    func `the same samples in the format that is asked for`(transport: Transport) async throws {
        try await transport.serve(try Self.router()) { ask in
            let plain = try await ask("/metrics", "GET", [("Accept", "*/*")])
            let open = try await ask("/metrics", "GET", [("Accept", "application/openmetrics-text; version=1.0.0")])
            #expect(plain.headers["content-type"] == Self.text && open.headers["content-type"] == Self.standard)
            #expect(plain.headers["vary"] == "Accept, Accept-Encoding" && open.headers["vary"] == "Accept, Accept-Encoding")
            #expect(open.text.hasSuffix("\n# EOF\n") && !plain.text.contains("# EOF"))
            let samples = [plain, open].map { answer in
                answer.text.split(separator: "\n").filter { $0.hasPrefix("a_value") }
            }
            #expect(samples[0] == samples[1] && !samples[0].isEmpty)
            let head = try await ask("/metrics", "HEAD", [("Accept", "application/openmetrics-text; version=0.0.1")])
            #expect(head.headers["content-type"] == Self.draft && head.body.isEmpty)
            let packed = try await ask("/metrics", "GET", [("Accept", "application/openmetrics-text"), ("Accept-Encoding", "gzip")])
            #expect(packed.headers["content-encoding"] == "gzip" && packed.headers["content-type"] == Self.standard)
        }
    }
}
