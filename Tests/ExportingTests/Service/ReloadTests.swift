import CollectorConformance
import Primitives
import Synchronization
import Testing
import Web

@testable import Exporting

/// A service that reads its configuration again while it answers.
@Suite struct ReloadTests {
    /// What the next reading of the configuration gives.
    private final class Next: Sendable {
        private let outcome: Mutex<Result<[StubCollector], Failure>>
        private let gate: Wall?
        private let count = Mutex((now: 0, most: 0))

        /// How many read at this moment, and at the most crowded one.
        var reading: Int { count.withLock { $0.now } }
        var mostReading: Int { count.withLock { $0.most } }

        init(_ collectors: [StubCollector], gate: Wall? = nil) {
            outcome = Mutex(.success(collectors))
            self.gate = gate
        }

        func set(_ next: Result<[StubCollector], Failure>) { outcome.withLock { $0 = next } }

        func read(_ log: LogLines) async throws(Failure) -> ExporterContents {
            count.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
            defer { count.withLock { $0.now -= 1 } }
            await gate?.pass()
            let collectors = try outcome.withLock { $0 }.get()
            guard let http = try? HTTPClient() else { throw Failure(.environment, "no client") }
            return ExporterContents(collectors: collectors, scrapeTimeoutSeconds: 30, context: log.context(http: http))
        }
    }

    private func serving(
        _ first: [StubCollector], _ next: Next, log: LogLines = LogLines(),
        _ body: (ExporterService, HTTPClient, String) async throws -> Void
    ) async throws {
        var options = ExporterService.Options(
            listeners: try Listener.open([.network(ListenAddress(host: "127.0.0.1", port: 0))], origin: "the test"))
        options.stopSeconds = 0.1
        let client = try HTTPClient()
        let contents = ExporterContents(collectors: first, scrapeTimeoutSeconds: 30, context: log.context(http: client))
        let service = ExporterService(contents, options: options, version: Version(number: "1", revision: "", swift: "6")) {
            () async throws(Failure) in try await next.read(log)
        }
        try service.start()
        let url = try #require(service.addresses.first).url()
        do {
            try await body(service, client, url)
        } catch {
            await service.stop()
            throw error
        }
        await service.stop()
    }

    @Test func `what was read is served, and the collectors of before end their life`() async throws {
        let (entries, entry) = AsyncStream<String>.makeStream()
        let gate = Gate()
        let old = StubCollector(
            "old",
            life: {
                await gate.pass()
                entry.yield("ended")
            })
        try await serving([old], Next([StubCollector("new")])) { _, client, url in
            #expect(try await client.ask(url + "/metrics").text.contains("old_value"))
            let answer = try await client.ask(url + "/-/reload", "POST")
            #expect(answer.status == 200 && answer.text == "Reloaded.\n")
            let ready = try await client.ask(url + "/ready")
            #expect(ready.status == 200, "a reload makes nobody unready")
            let text = try await client.ask(url + "/metrics").text
            #expect(text.contains("new_value{") && !text.contains("old_value"))
            #expect(text.contains("martlet_config_last_reload_successful 1\n"))
            var iterator = entries.makeAsyncIterator()
            #expect(await iterator.next() == "ended")
        }
    }

    @Test func `what cannot be used leaves everything as it is, and says so`() async throws {
        let next = Next([])
        next.set(.failure(Failure(.configuration, "martlet.yml:3:5: unknown key \"clutser\"; did you mean \"cluster\"?")))
        let log = LogLines()
        try await serving([StubCollector("old")], next, log: log) { _, client, url in
            let before = ExpositionText(try await client.ask(url + "/metrics").text)
            let answer = try await client.ask(url + "/-/reload", "PUT")
            #expect(answer.status == 500)
            #expect(
                answer.text
                    == "Not reloaded, the old configuration stays in use: martlet.yml:3:5: unknown key \"clutser\"; did you mean \"cluster\"?\n"
            )
            #expect(log.text.contains("configuration not reloaded"))
            let after = ExpositionText(try await client.ask(url + "/metrics").text)
            #expect(after[#"old_value{item="all"}"#] == 1)
            #expect(after["martlet_config_last_reload_successful"] == 0)
            let moment = "martlet_config_last_reload_success_timestamp_seconds"
            #expect(after[moment] != nil && after[moment] == before[moment])
            next.set(.success([StubCollector("new")]))
            #expect(try await client.ask(url + "/-/reload", "POST").status == 200)
            #expect(ExpositionText(try await client.ask(url + "/metrics").text)["martlet_config_last_reload_successful"] == 1)
        }
    }

    @Test func `a scrape that has begun ends with the collectors that it began with`() async throws {
        let wall = Wall()
        let old = StubCollector("old") { sink, _, stub in
            if stub.record.calls > 1 { await wall.pass() }
            stub.commit("all", sink)
        }
        try await serving([old], Next([StubCollector("new")])) { _, client, url in
            while try await client.ask(url + "/ready").status != 200 {}
            async let scrape = client.ask(url + "/metrics")
            await wall.arrivals(1)
            #expect(try await client.ask(url + "/-/reload", "POST").status == 200)
            wall.open()
            let text = try await scrape.text
            #expect(text.contains("old_value{"))
            #expect(try await client.ask(url + "/metrics").text.contains("new_value{"))
        }
    }

    @Test func `reloads come one after the other, none is lost`() async throws {
        let wall = Wall()
        let next = Next([StubCollector("new")], gate: wall)
        try await serving([StubCollector("old")], next) { _, client, url in
            async let one = client.ask(url + "/-/reload", "POST")
            async let other = client.ask(url + "/-/reload", "POST")
            await wall.arrivals(1)
            // Both have been asked for by now, or will be; only one reads.
            while try await client.ask(url + "/metrics").text.contains("martlet_http_requests_in_flight 3\n") == false {}
            #expect(next.reading == 1)
            wall.open()
            let statuses = try await [one.status, other.status]
            #expect(statuses == [200, 200])
            #expect(next.mostReading == 1 && next.reading == 0)
        }
    }

    @Test func `neither a browser's page nor a link reloads`() async throws {
        try await serving([StubCollector("old")], Next([StubCollector("new")])) { _, client, url in
            let link = try await client.ask(url + "/-/reload")
            #expect(link.status == 405)
            let script = try await client.ask(url + "/-/reload", "POST", [("Origin", "http://evil.example")])
            #expect(script.status == 403)
            let text = try await client.ask(url + "/metrics").text
            #expect(text.contains("old_value"))
        }
    }

    @Test func `doors and contents change together or not at all`() async throws {
        final class Source: Sendable {
            let settings = Mutex(DoorSettings())
        }
        let source = Source()
        let entrance = try Entrance(logger: .silent) { () throws(Failure) in
            Entrance.Reading(source.settings.withLock { $0 })
        }
        var options = ExporterService.Options(
            listeners: try Listener.open([.network(ListenAddress(host: "127.0.0.1", port: 0))], origin: "the test"))
        options.entrance = entrance
        options.stopSeconds = 0.1
        let log = LogLines()
        let client = try HTTPClient()
        let next = Next([])
        next.set(.failure(Failure(.configuration, "broken")))
        let contents = ExporterContents(collectors: [StubCollector("old")], context: log.context(http: client))
        let service = ExporterService(contents, options: options, version: Version(number: "1", revision: "", swift: "6")) {
            () async throws(Failure) in try await next.read(log)
        }
        try service.start()
        let url = try #require(service.addresses.first).url()
        source.settings.withLock { $0.headers = [.init(name: "X-Frame-Options", value: "deny")] }
        #expect(try await client.ask(url + "/-/reload", "POST").status == 500)
        #expect(try await client.ask(url + "/health").headers["X-Frame-Options"] == nil)
        next.set(.success([StubCollector("new")]))
        #expect(try await client.ask(url + "/-/reload", "POST").status == 200)
        #expect(try await client.ask(url + "/health").headers["X-Frame-Options"] == "deny")
        await service.stop()
    }
}
