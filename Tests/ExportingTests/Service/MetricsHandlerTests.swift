import CollectorConformance
import Glibc
import Primitives
import Synchronization
import Testing
import Web

@testable import Exporting

@Suite struct MetricsHandlerTests {
    private static func router(_ collectors: [StubCollector], capSeconds: Double = 10) throws -> Router {
        let handler = MetricsHandler(
            coordinator: try ScrapeCoordinator.make(collectors, own: [StubCollector("own")]),
            deadline: ScrapeDeadline(capSeconds: capSeconds),
            onResult: { _ in })
        var router = Router()
        router.get("/metrics", handler.handle)
        return router
    }

    private static var two: [StubCollector] { [StubCollector("a"), StubCollector("b")] }

    /// The names of the stub families in a text.
    private static func shown(_ text: String) -> [String] {
        ExpositionText(text).families.map(\.name).filter { $0.hasSuffix("_value") }
    }

    @Test(arguments: Transport.allCases)
    func `the text format with its content type`(transport: Transport) async throws {
        try await transport.serve(try Self.router(Self.two)) { ask in
            let answer = try await ask("/metrics", "GET", [])
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(answer.headers["content-encoding"] == nil)
            #expect(answer.headers["vary"] == "Accept, Accept-Encoding")
            #expect(ExpositionText(answer.text).faults == [])
            #expect(Self.shown(answer.text) == ["a_value", "b_value", "own_value"])
        }
    }

    @Test(arguments: Transport.allCases)
    func `head asks the same and sends no body`(transport: Transport) async throws {
        try await transport.serve(try Self.router(Self.two)) { ask in
            let answer = try await ask("/metrics", "HEAD", [])
            #expect(answer.status == 200 && answer.body.isEmpty)
            #expect(answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            let refused = try await ask("/metrics", "POST", [])
            #expect(refused.status == 405 && refused.headers["allow"] == "GET, HEAD")
        }
    }

    @Test(
        arguments: Transport.allCases,
        [("gzip", true), ("deflate, gzip;q=0.5", true), ("identity", false), ("gzip;q=0", false), ("*", true)])
    func gzip(transport: Transport, coding: (header: String, isPacked: Bool)) async throws {
        try await transport.serve(try Self.router(Self.two)) { ask in
            let answer = try await ask("/metrics", "GET", [("Accept-Encoding", coding.header)])
            #expect(answer.headers["content-encoding"] == (coding.isPacked ? "gzip" : nil))
            let text = coding.isPacked ? try await Self.unpacked(answer.body) : answer.text
            #expect(ExpositionText(text).faults == [])
            #expect(Self.shown(text) == ["a_value", "b_value", "own_value"])
        }
    }

    @Test(
        arguments: Transport.allCases,
        [
            ("collect[]=a", ["a_value", "own_value"]), ("collect%5B%5D=b", ["b_value", "own_value"]),
            ("collect[]=a&collect[]=b", ["a_value", "b_value", "own_value"]), ("collect[]=a&collect[]=a", ["a_value", "own_value"]),
            ("exclude[]=a", ["b_value", "own_value"]), ("exclude[]=a&exclude[]=b", ["own_value"]),
            ("other=1", ["a_value", "b_value", "own_value"]), ("collect=a", ["a_value", "b_value", "own_value"]),
        ])
    func selection(transport: Transport, row: (query: String, shown: [String])) async throws {
        try await transport.serve(try Self.router(Self.two)) { ask in
            let answer = try await ask("/metrics?\(row.query)", "GET", [])
            #expect(answer.status == 200)
            #expect(Self.shown(answer.text) == row.shown)
        }
    }

    @Test(
        arguments: Transport.allCases,
        [
            ("collect[]=a&exclude[]=b", "collect[] and exclude[] cannot be combined\n"),
            ("collect[]=nobody", "no collector nobody here; there are: a, b\n"),
            ("exclude[]=nobody", "no collector nobody here; there are: a, b\n"),
            // What martlet tells of itself cannot be chosen.
            ("collect[]=own", "no collector own here; there are: a, b\n"), ("collect[]=", "no collector  here; there are: a, b\n"),
        ])
    func `a wrong selection is told`(transport: Transport, row: (query: String, text: String)) async throws {
        let collectors = Self.two
        try await transport.serve(try Self.router(collectors)) { ask in
            let answer = try await ask("/metrics?\(row.query)", "GET", [])
            #expect(answer.status == 400 && answer.text == row.text)
            #expect(answer.headers["content-type"] == "text/plain; charset=utf-8")
        }
        #expect(collectors.map(\.record.calls) == [0, 0])
    }

    @Test(arguments: Transport.allCases)
    func `a long name is cut in the answer`(transport: Transport) async throws {
        try await transport.serve(try Self.router(Self.two)) { ask in
            let answer = try await ask("/metrics?collect[]=" + String(repeating: "x", count: 5000), "GET", [])
            #expect(answer.status == 400 && answer.body.count < 200)
        }
    }

    @Test(arguments: Transport.allCases)
    func `the scraper's patience is heard`(transport: Transport) async throws {
        let (status, text) = try await patiently { seconds in
            let wall = Wall()
            defer { wall.open() }
            let hung = StubCollector("hung") { sink, _, stub in
                stub.commit("quick", sink)
                _ = sink.begin("late")
                await wall.pass()
            }
            var answer: Transport.Answer?
            try await transport.serve(try Self.router([hung, StubCollector("fine")], capSeconds: 60)) { ask in
                let begin = ContinuousClock.now
                answer = try await ask("/metrics", "GET", [("X-Prometheus-Scrape-Timeout-Seconds", "\(seconds)")])
                let took = (ContinuousClock.now - begin).seconds
                #expect(took >= seconds * 0.74 && took < seconds + 10)
            }
            return (answer?.status, ExpositionText(answer?.text ?? ""))
        } until: {
            $1[#"hung_value{item="quick"}"#] == 1 && $1[#"fine_value{item="all"}"#] == 1
        }
        #expect(status == 200)
        #expect(text[#"hung_value{item="quick"}"#] == 1)
        #expect(text[#"fine_value{item="all"}"#] == 1)
        #expect(text[#"martlet_scrape_part_problem_info{collector="hung",part="late",reason="deadline"}"#] == 1)
    }

    @Test func `a large exposition arrives whole`() async throws {
        let large = StubCollector("large") { sink, _, stub in
            for number in 0..<200 { stub.commit("\(number)", item: String(repeating: "ü\"\n", count: 500) + "\(number)", sink) }
        }
        try await Transport.socket.serve(try Self.router([large])) { ask in
            let plain = try await ask("/metrics", "GET", [])
            #expect(plain.body.count > 1 << 18)
            #expect(ExpositionText(plain.text).samples.count { $0.family == "large_value" } == 200)
            let packed = try await ask("/metrics", "GET", [("Accept-Encoding", "gzip")])
            #expect(packed.body.count < plain.body.count / 10)
            let text = ExpositionText(try await Self.unpacked(packed.body))
            #expect(text.faults == [] && text.samples.count { $0.family == "large_value" } == 200)
        }
    }

    /// By the program gzip, on a thread that may wait for it.
    private static func unpacked(_ bytes: [UInt8]) async throws -> String {
        let folder = try TemporaryFolder()
        let (packed, plain) = ("\(folder.path)/packed", "\(folder.path)/plain")
        try Files.write(bytes, to: packed)
        let program = try #require(ProcessEnvironment.findProgram("gzip"))
        let ends = AsyncStream<ChildProcess.End?>.makeStream()
        try Thread.start("gunzip") {
            guard let output = try? ChildProcess.openOutput(plain, appending: false) else { return ends.continuation.finish() }
            defer { close(output) }
            let child = try? ChildProcess(starting: .init(program: program, arguments: ["-dc", packed]), output: output)
            ends.continuation.yield(child?.waitForEnd(until: .after(seconds: 30)))
        }
        var iterator = ends.stream.makeAsyncIterator()
        #expect(await iterator.next() == .exited(status: 0))
        return String(decoding: try Files.read(plain), as: UTF8.self)
    }
}
