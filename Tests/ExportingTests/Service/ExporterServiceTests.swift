import CollectorConformance
import Glibc
import Primitives
import Testing
import Web

@testable import Exporting

@Suite struct ExporterServiceTests {
    private static let version = Version(number: "1.2.3", revision: "abc", swift: "6")

    private static func service(
        _ collectors: [any Collector], addresses: [ListenAddress] = [ListenAddress(host: "127.0.0.1", port: 0)], stopSeconds: Double = 0.1,
        log: LogLines = LogLines(), reread: ExporterService.Reread? = nil
    ) throws -> ExporterService {
        var options = ExporterService.Options(
            listeners: try Listener.open(addresses.map { .network($0) }, origin: "--web.listen-address"))
        options.stopSeconds = stopSeconds
        let contents = ExporterContents(collectors: collectors, scrapeTimeoutSeconds: 30, context: log.context(http: try HTTPClient()))
        return ExporterService(contents, options: options, version: version, reread: reread)
    }

    /// Runs the service around `body`, which is handed its URL.
    private static func serving(_ service: ExporterService, _ body: (HTTPClient, String) async throws -> Void) async throws {
        try service.start()
        let client = try HTTPClient()
        let url = try #require(service.addresses.first).url()
        do {
            try await body(client, url)
        } catch {
            await service.stop()
            throw error
        }
        await service.stop()
    }

    /// Asks until the status is there.
    private static func awaitStatus(_ status: Int, _ client: HTTPClient, _ url: String) async throws -> Transport.Answer {
        let limit = Deadline.after(seconds: 20)
        while true {
            let answer = try await client.ask(url)
            if answer.status == status || limit.hasPassed { return answer }
        }
    }

    @Test func `alive at once, ready with the first data`() async throws {
        let gate = Gate()
        let stub = StubCollector("a") { sink, _, stub in
            await gate.pass()
            stub.commit("all", sink)
        }
        try await Self.serving(try Self.service([stub])) { client, url in
            for path in ["/health", "/-/healthy"] {
                let answer = try await client.ask(url + path)
                #expect(answer.status == 200)
            }
            for path in ["/ready", "/-/ready"] {
                let answer = try await client.ask(url + path)
                #expect(answer.status == 503)
                #expect(answer.text == "No collector has given data yet; the landing page says why.\n")
            }
            gate.open()
            #expect(try await Self.awaitStatus(200, client, url + "/ready").text == "martlet is ready.\n")
            #expect(try await client.ask(url + "/-/ready").status == 200)
        }
    }

    @Test func `nothing to tell and nothing wrong is ready`() async throws {
        try await Self.serving(try Self.service([StubCollector("a") { _, _, _ in }])) { client, url in
            let answer = try await Self.awaitStatus(200, client, url + "/ready")
            #expect(answer.text == "martlet is ready.\n")
        }
    }

    @Test func `a dead source is no data`() async throws {
        let dead = StubCollector("a") { sink, _, _ in
            sink.commit(sink.begin("all"))
            sink.report(PartProblem(part: "all", .unreachable, "no route to <host>"))
        }
        try await Self.serving(try Self.service([dead])) { client, url in
            let metrics = try await client.ask(url + "/metrics")
            #expect(metrics.status == 200)
            #expect(try await client.ask(url + "/ready").status == 503)
            let page = try await client.ask(url + "/")
            #expect(page.headers["content-type"] == "text/html; charset=utf-8")
            #expect(page.text.contains("all: no route to &lt;host&gt;") && page.text.contains("incomplete"))
        }
    }

    @Test func `a service without collectors is ready`() async throws {
        try await Self.serving(try Self.service([])) { client, url in
            let answer = try await Self.awaitStatus(200, client, url + "/ready")
            #expect(answer.status == 200)
        }
    }

    @Test func `martlet tells of itself`() async throws {
        try await Self.serving(try Self.service([StubCollector("a")])) { client, url in
            _ = try await Self.awaitStatus(200, client, url + "/ready")
            let text = ExpositionText(try await client.ask(url + "/metrics").text)
            #expect(text.faults == [])
            #expect(text[#"martlet_build_info{version="1.2.3",revision="abc",swift_version="6"}"#] == 1)
            #expect(text["martlet_http_requests_in_flight"] == 1)
            #expect(text[#"martlet_http_requests_total{code="200"}"#].map { $0 >= 1 } == true)
            #expect(text["process_threads"].map { $0 >= 1 } == true)
            #expect(try await client.ask(url + "/nowhere").status == 404)
            #expect(try await client.ask(url + "/health", "DELETE").status == 405)
        }
    }

    /// Quick for the service's own first scrape, and at the wall for the next.
    private static func secondTimeSlow(_ wall: Wall) -> StubCollector {
        StubCollector("slow") { sink, _, stub in
            if stub.record.calls > 1 { await wall.pass() }
            stub.commit("all", sink)
        }
    }

    @Test func `while it stops it is not ready and finishes what it has begun`() async throws {
        let wall = Wall()
        let service = try Self.service([Self.secondTimeSlow(wall)], stopSeconds: 30)
        try service.start()
        let client = try HTTPClient()
        let url = try #require(service.addresses.first).url()
        _ = try await Self.awaitStatus(200, client, url + "/ready")
        async let scrape = client.ask(url + "/metrics")
        await wall.arrivals(1)
        // A second connection, made before the stop: afterwards none is accepted.
        let before = try await client.ask(url + "/ready")
        #expect(before.status == 200)
        async let stop: Void = service.stop()
        let answer = try await Self.awaitStatus(503, client, url + "/ready")
        #expect(answer.text == "Shutting down.\n")
        wall.open()
        let last = try await scrape
        #expect(last.status == 200 && ExpositionText(last.text)[#"slow_value{item="all"}"#] == 1)
        await stop
        await #expect(throws: HTTPClientError.self) { try await client.ask(url + "/health") }
    }

    @Test func `a stop ends what hangs`() async throws {
        let wall = Wall()
        let service = try Self.service([Self.secondTimeSlow(wall)], stopSeconds: 0.1)
        try service.start()
        let client = try HTTPClient()
        let url = try #require(service.addresses.first).url()
        _ = try await Self.awaitStatus(200, client, url + "/ready")
        async let scrape = client.ask(url + "/metrics")
        await wall.arrivals(1)
        await service.stop()
        let answer = try await scrape
        #expect(answer.status == 503 && answer.text == "Shutting down.\n")
        wall.open()
    }

    @Test func `collectors live as long as the service`() async throws {
        let gate = Gate()
        let (entries, entry) = AsyncStream<String>.makeStream()
        let stub = StubCollector(
            "a",
            life: {
                entry.yield("lives")
                await gate.pass()
                entry.yield("ends")
            })
        let service = try Self.service([stub])
        try service.start()
        var iterator = entries.makeAsyncIterator()
        #expect(await iterator.next() == "lives")
        await service.stop()
        #expect(await iterator.next() == "ends")
    }

    @Test func `a busy port is told and leaves nothing behind`() async throws {
        let busy = try HTTPServer(
            listen: ListenAddress(host: "127.0.0.1", port: 0), origin: "test", logger: .silent,
            handler: { _ in HTTPServerResponse(text: "busy") })
        // A port that was free a moment ago, on an address of this test's own.
        let free = try ListenAddress(host: "127.83.17.5", port: 0).listen(origin: "test")
        let address = ListenAddress(host: "127.83.17.5", port: 0).bound(to: free)
        close(free)
        let log = LogLines()
        let error = #expect(throws: Failure.self) {
            try Self.service([StubCollector("a")], addresses: [address, busy.address], log: log)
        }
        #expect(error?.code == .environment)
        #expect(error?.description == "port \(busy.address.port) on 127.0.0.1 is in use; choose another with --web.listen-address")
        #expect(!log.text.contains("listening"))
        // Nobody listens on the other address any more.
        let client = try HTTPClient()
        await #expect(throws: HTTPClientError.self) { try await client.ask(address.url()) }
        let again = try address.listen(origin: "test")
        close(again)
        #expect(try await client.ask(busy.address.url()).text == "busy")
        await busy.stop(withinSeconds: 0)
    }

    @Test func `all addresses are listened on, and counted together`() async throws {
        let addresses = ["127.0.0.1", "::1"].map { ListenAddress(host: $0, port: 0) }
        let service = try Self.service([StubCollector("a")], addresses: addresses)
        try service.start()
        let client = try HTTPClient()
        #expect(service.addresses.count == 2)
        for address in service.addresses {
            let answer = try await client.ask(address.url() + "/health")
            #expect(answer.status == 200)
        }
        let text = ExpositionText(try await client.ask(service.addresses[1].url() + "/metrics").text)
        #expect(text[#"martlet_http_requests_total{code="200"}"#] == 2)
        await service.stop()
        await service.stop()
    }
}
